/** Messages that wait to be read. */
import { type Ending, type Message } from './messages.js';
/** The messages of one request or channel, the last of which is `completed` or `failed`. */
export declare class Feed<T = unknown, C = unknown> implements AsyncIterable<Message<T, C>> {
    #private;
    /** The last message; null as long as there is none. */
    get ending(): Ending<T> | null;
    /** @internal Take a message. */
    hear(message: Message<T, C>): void;
    /** @internal Hear and tell no more. */
    leave(): void;
    /** @internal Wait until anything was heard. */
    protected first(): Promise<void>;
    /** @internal Wait for the end. */
    protected last(): Promise<Ending<T>>;
    /** Iterate over the messages; each is given once, to whoever asks first. */
    [Symbol.asyncIterator](): AsyncIterator<Message<T, C>, undefined>;
}
