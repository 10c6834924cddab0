/**
 * Runs an action and shows its progress:
 *
 *     node examples/report.mjs wss://... TOKEN generate_report '{"month": "2025-01"}'
 */

import process from 'node:process';

import { StreamerClient, StreamerClientError } from 'cdk-streamer-client';

const [url = '', token = '', action = '', payload = 'null'] = process.argv.slice(2);
const client = new StreamerClient(url, { token });
try {
  const result = await client.request(action, JSON.parse(payload), {
    onProgress: (p) => console.error(`${p.percentage ?? '?'}% ${p.message ?? ''}`),
  });
  console.log(JSON.stringify(result));
} catch (error) {
  if (!(error instanceof StreamerClientError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  client.close();
}
