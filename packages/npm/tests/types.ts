// What the types allow and refuse: held by `tsc --strict`.

import { GatespecError, start, type Gateway, type Options } from 'gatespec';

const options: Options = {
  parameters: { Name: 'value', Count: 3, On: true, List: ['a', 1] },
  clock: new Date(),
  envVars: { Function: { NAME: 'value' }, Parameters: {} },
  endpoints: { sqs: 'http://127.0.0.1:9324' },
  arguments: ['--account-rate', 'off'],
  timeout: 60,
};

export async function use(): Promise<string> {
  await using api: Gateway = await start(new URL('../template.yaml', 'file:///'), options);
  const now: number = await api.advance(600);
  await api.settle();
  const changed: string = await api.apply();
  const line: string = await api.waitForLog(/REPORT/, { after: api.logs.length });
  const domain: string | undefined = api.customDomains[0]?.host;
  return [api.wsUrl, api.tables.join(), api.apiKeys['mine'], line, now, changed, domain].join();
}

export const told = (error: unknown): readonly string[] =>
  error instanceof GatespecError && error.exitCode === 2 ? error.logs : [];

// @ts-expect-error no such option
void start('template.yaml', { parameter: {} });
// @ts-expect-error no such clock
void start('template.yaml', { clock: 'now' });
// @ts-expect-error a template is a path
void start(7);
export function never(api: Gateway): void {
  // @ts-expect-error the log is the gateway's
  api.logs.push('mine');
  // @ts-expect-error seconds are a number
  void api.advance('600');
}
