/** JSON text frames: how they are written, and read with suspicion. */
export declare const PROTOCOL = "streamer.v1";
/** API Gateway closes the connection on a larger frame, before any code could answer. */
export declare const FRAME_BYTES = 32768;
export declare const REQUEST_ID: RegExp;
/** What the client's own messages are called, so no request may be. */
export declare const OWN_PREFIX = "~";
/** A JSON object that somebody else wrote. */
export type Document = Readonly<Record<string, unknown>>;
/** What an application's action is sent with. */
export interface Frame {
    readonly payload?: unknown;
    readonly metadata?: Document | undefined;
    readonly prefer?: string | undefined;
    readonly webhook?: string | undefined;
}
/** What the server said is not a message of the protocol. */
export declare class Malformed extends Error {
    readonly name = "Malformed";
}
/** Write a frame; throws PayloadTooLarge, RangeError or TypeError for what JSON cannot carry. */
export declare function encode(action: string, id: string, frame?: Frame): string;
/** Read a message; throws Malformed for what is not an object with a type. */
export declare function decode(text: string): Document & {
    readonly type: string;
};
/** Read any JSON; throws Malformed. */
export declare function parse(text: string): unknown;
/** Tell whether a value is a JSON object. */
export declare function isObject(value: unknown): value is Document;
/** Give a member that must be a whole number. */
export declare function readInteger(document: Document, name: string): number;
/** Give a member that must be a whole number from 0 on. */
export declare function readCount(document: Document, name: string): number;
/** Give a member that may be a number. */
export declare function readNumber(document: Document, name: string): number | null;
/** Give a member that may be a string. */
export declare function readText(document: Document, name: string): string | null;
/** Give a member that must be a string. */
export declare function readName(document: Document, name: string): string;
/** Give a member that must be an object. */
export declare function readObject(document: Document, name: string): Document;
/** Give a member that must be a list of objects. */
export declare function readObjects(document: Document, name: string): readonly Document[];
/** Give a member that must be a moment. */
export declare function readMoment(document: Document, name: string): Date;
