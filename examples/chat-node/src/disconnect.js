import { remove } from './table.js';

export const handler = async (event) => {
  await remove(event.requestContext.connectionId);
  return { statusCode: 200 };
};
