/** The client of an API that cdk-streamer deployed: requests, live progress, channels. */
export { StreamerClient } from './client.js';
export * from './errors.js';
export { fetchTicket } from './tickets.js';
