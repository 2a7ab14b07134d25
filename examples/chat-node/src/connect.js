import { add } from './table.js';

export const handler = async (event) => {
  await add(event.requestContext.connectionId);
  return { statusCode: 200 };
};
