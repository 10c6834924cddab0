/** What the type checker must accept, and what it must refuse. */

import {
  type Chunk,
  type ClientOptions,
  type Message,
  RequestFailed,
  StreamerClient,
} from 'cdk-streamer-client';

interface Report {
  readonly rows: number;
}

export async function accepted(client: StreamerClient): Promise<number> {
  const report = await client.request<Report, string>('report', { month: 11 }, {
    onProgress: ({ percentage, message, metadata }) => [percentage?.toFixed(), message, metadata],
    onChunk: ({ data }) => data.toUpperCase(),
    onInputRequired: async ({ schema, prompt }, { signal }) => [schema, prompt, signal.aborted],
    signal: AbortSignal.timeout(1_000),
  });
  const handle = client.submit<Report>('report');
  for await (const message of handle) told(message);
  return report.rows + (await handle.result()).rows;
}

export function told(message: Message<Report>): number | string | Chunk {
  switch (message.kind) {
    case 'acknowledged':
      return message.seq;
    case 'progress':
      return message.percentage ?? 0;
    case 'chunk':
      return message;
    case 'inputRequired':
      return message.inputId;
    case 'retrying':
      return message.nextAt.getTime();
    case 'completed':
      return message.result.rows;
    case 'failed':
      return message.error instanceof RequestFailed ? message.error.code : message.error.message;
  }
}

// @ts-expect-error - something must let the client in
export const nothing: ClientOptions = {};
// @ts-expect-error - one thing, not two
export const both: ClientOptions = { token: 't', ticket: () => 'k' };
// @ts-expect-error - a ticket serves one connection
export const fixed: ClientOptions = { ticket: 'k' };
// @ts-expect-error - what nobody described may be anything
export const unknown = async (client: StreamerClient) => (await client.request('x')).rows;
