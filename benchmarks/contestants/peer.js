'use strict';
/* aws-lambda-stream's own pipelines, as its README has them, over the records of a file.
 *
 *   node peer.js listener|trigger RULES FILE stubbed|client
 *
 * stubbed: `send` of the AWS clients is replaced by what resolves at once.
 * client:  the clients are whole, and the HTTP handler below them answers without a network.
 * Speaks the protocol of worker.py on standard input and output. */
const fs = require('fs');
const readline = require('readline');

const [, , task, ruleCount, file, mode] = process.argv;
Object.assign(process.env, {
  ACCOUNT_NAME: 'nonprd',
  AWS_ACCESS_KEY_ID: 'A'.repeat(20),
  AWS_SECRET_ACCESS_KEY: 's'.repeat(40),
  AWS_SESSION_TOKEN: 't'.repeat(800),
  AWS_LAMBDA_FUNCTION_NAME: 'bench-service-dev-listener',
  AWS_REGION: 'us-east-1',
  BUS_NAME: 'bus',
  ENTITY_TABLE_NAME: 't',
  NODE_ENV: 'production',
  PROJECT: 'bench-service',
  SERVERLESS_PROJECT: 'bench-service',
  SERVERLESS_STAGE: 'dev',
});

const stream = require('aws-lambda-stream');
const counted = { calls: 0, items: 0 };

function count(items) {
  counted.calls += 1;
  counted.items += items;
}

function stubSend() {
  const { DynamoDBDocumentClient } = require('@aws-sdk/lib-dynamodb');
  const { EventBridgeClient } = require('@aws-sdk/client-eventbridge');
  DynamoDBDocumentClient.prototype.send = () => {
    count(1);
    return Promise.resolve({ Attributes: {} });
  };
  EventBridgeClient.prototype.send = (command) => {
    const entries = command.input.Entries;
    count(entries.length);
    return Promise.resolve({ FailedEntryCount: 0, Entries: entries.map(() => ({ EventId: 'x' })) });
  };
}

/* Text is what the SDK has then written; only the answer's size follows the request. */
function removeNetwork() {
  const { NodeHttpHandler } = require('@smithy/node-http-handler');
  const { HttpResponse } = require('@smithy/protocol-http');
  const { Readable } = require('stream');
  const item = {};
  for (const name of ['pk', 'progress', 'trace', 'owner', 'action', 'tenant']) {
    item[name] = { S: 'x'.repeat(60) };
  }
  const updated = JSON.stringify({ Attributes: item });
  NodeHttpHandler.prototype.handle = async (request) => {
    let body = updated;
    if (request.headers['x-amz-target'] === 'AWSEvents.PutEvents') {
      const { Entries } = JSON.parse(request.body);
      count(Entries.length);
      body = JSON.stringify({ FailedEntryCount: 0, Entries: Entries.map(() => ({ EventId: 'x' })) });
    } else {
      count(1);
    }
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'content-length': String(body.length),
      'x-amzn-requestid': 'R'.repeat(52),
    };
    const response = new HttpResponse({ statusCode: 200, headers, body: Readable.from([Buffer.from(body)]) });
    return { response };
  };
}

function materialize(id, kind) {
  const toUpdateRequest = (uow) => ({
    Key: { pk: uow.event[kind].id, sk: kind },
    ...stream.updateExpression({
      ...uow.event[kind],
      discriminator: kind,
      timestamp: uow.event.timestamp,
      lastModifiedBy: 'system',
      latched: true,
      awsregion: process.env.AWS_REGION,
    }),
    ...stream.timestampCondition(),
  });
  return { id, flavor: stream.materialize, eventType: [`${kind}-created`, `${kind}-updated`], toUpdateRequest };
}

function cdc(id, kind) {
  const toEvent = (uow) => {
    const { pk, sk, discriminator, awsregion, timestamp, ...rest } = uow.event.raw.new;
    return { [kind]: rest };
  };
  return { id, flavor: stream.cdc, eventType: [`${kind}-created`, `${kind}-updated`], toEvent };
}

function handlerOf() {
  const names = [...Array(Number(ruleCount)).keys()].map((number) => `entity${number}`);
  const kinds = ruleCount === '1' ? ['thing'] : names;
  const rule = task === 'listener' ? materialize : cdc;
  const from = task === 'listener' ? stream.fromKinesis : stream.fromDynamodb;
  const rules = stream.initializeFrom(kinds.map((kind, number) => rule(`p${number}`, kind)));
  const options = { ...stream.defaultOptions };
  return (event) => stream.initialize({ ...rules }, options).assemble(from(event)).through(stream.toPromise);
}

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

async function repeat(handler, event, times) {
  const cpu = process.cpuUsage();
  const began = process.hrtime.bigint();
  for (let time = 0; time < times; time += 1) await handler(event);
  const used = process.cpuUsage(cpu);
  say({ cpu: (used.user + used.system) / 1e6, wall: Number(process.hrtime.bigint() - began) / 1e9 });
}

async function main() {
  if (mode === 'client') removeNetwork();
  else stubSend();
  const handler = handlerOf();
  const event = JSON.parse(fs.readFileSync(file, 'utf8'));
  await handler(event);
  const { calls, items } = counted;
  say({ calls, items, records: event.Records.length });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line === 'end') break;
    await repeat(handler, event, Number(line));
  }
  say({ peak: process.resourceUsage().maxRSS / 1024 });
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
