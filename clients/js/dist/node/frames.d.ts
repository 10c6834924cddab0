/** WebSocket frames as RFC 6455 has them, from a client's side: bytes in, messages out. */
export declare const OPCODE: {
    readonly continuation: 0;
    readonly text: 1;
    readonly binary: 2;
    readonly close: 8;
    readonly ping: 9;
    readonly pong: 10;
};
/** The server broke the rules; `status` is the one to close with. */
export declare class FrameError extends Error {
    readonly name = "FrameError";
    readonly status: number;
    constructor(status: number, message: string);
}
/** A whole message, or a control frame. */
export interface Received {
    readonly opcode: number;
    readonly payload: Buffer;
}
/** Write one unfragmented frame; a client's are masked. */
export declare function encodeFrame(opcode: number, payload: Buffer, mask: Buffer): Buffer;
/** Reads a server's frames, however its bytes are cut, and joins fragments. */
export declare class FrameReader {
    #private;
    /** `limit` is how many bytes a message may have. */
    constructor(limit: number);
    /** Take bytes, and give what they complete; throws FrameError. */
    push(bytes: Buffer): readonly Received[];
}
