/** WebSocket frames as RFC 6455 has them, from a client's side: bytes in, messages out. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
const FINAL = 0x80;
const MASKED = 0x80;
const CONTROL_BYTES = 125;
/** The server broke the rules; `status` is the one to close with. */
export class FrameError extends Error {
    name = 'FrameError';
    status;
    constructor(status, message) {
        super(message);
        this.status = status;
    }
}
/** Write one unfragmented frame; a client's are masked. */
export function encodeFrame(opcode, payload, mask) {
    const head = Buffer.from([FINAL | opcode, MASKED, ...lengthBytes(payload.length)]);
    head[1] |= payload.length < 126 ? payload.length : payload.length < 65_536 ? 126 : 127;
    const masked = Buffer.from(payload);
    for (let index = 0; index < masked.length; index++)
        masked[index] ^= mask[index & 3];
    return Buffer.concat([head, mask, masked]);
}
/** Reads a server's frames, however its bytes are cut, and joins fragments. */
export class FrameReader {
    #bytes = Buffer.alloc(0);
    #fragments = [];
    #opcode = 0;
    #limit;
    /** `limit` is how many bytes a message may have. */
    constructor(limit) {
        this.#limit = limit;
    }
    /** Take bytes, and give what they complete; throws FrameError. */
    push(bytes) {
        this.#bytes = Buffer.concat([this.#bytes, bytes]);
        const received = [];
        for (let frame = this.#cut(); frame !== null; frame = this.#cut()) {
            const message = this.#join(frame.isFinal, frame.opcode, frame.payload);
            if (message !== null)
                received.push(message);
        }
        return received;
    }
    /** Cut the next whole frame off the bytes. */
    #cut() {
        const head = readHead(this.#bytes);
        if (head === null)
            return null;
        const joined = this.#fragments.reduce((size, fragment) => size + fragment.length, head.length);
        if (joined > this.#limit)
            throw new FrameError(1009, 'a message is too large');
        const end = head.size + head.length;
        if (this.#bytes.length < end)
            return null;
        const payload = this.#bytes.subarray(head.size, end);
        this.#bytes = this.#bytes.subarray(end);
        return { ...head, payload };
    }
    #join(isFinal, opcode, payload) {
        if (opcode >= OPCODE.close)
            return { opcode, payload };
        if ((opcode === OPCODE.continuation) !== this.#opcode > 0) {
            throw new FrameError(1002, 'a fragment belongs to no message');
        }
        this.#opcode ||= opcode;
        this.#fragments.push(payload);
        if (!isFinal)
            return null;
        const message = { opcode: this.#opcode, payload: Buffer.concat(this.#fragments) };
        this.#opcode = 0;
        this.#fragments = [];
        return message;
    }
}
/** Read what stands before a frame's payload; null when some of it is still to come. */
function readHead(bytes) {
    if (bytes.length < 2)
        return null;
    const [first, second] = [bytes[0], bytes[1]];
    const isFinal = (first & FINAL) !== 0;
    const opcode = first & 0x0f;
    if ((first & 0x70) !== 0)
        throw new FrameError(1002, 'a frame has reserved bits');
    if ((second & MASKED) !== 0)
        throw new FrameError(1002, 'a frame of the server is masked');
    if (!Object.values(OPCODE).includes(opcode)) {
        throw new FrameError(1002, `a frame has the unknown opcode ${opcode}`);
    }
    const short = second & 0x7f;
    if (opcode >= OPCODE.close && (!isFinal || short > CONTROL_BYTES)) {
        throw new FrameError(1002, 'a control frame is too large, or in fragments');
    }
    const size = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (bytes.length < size)
        return null;
    return { isFinal, opcode, size, length: lengthOf(bytes, short) };
}
function lengthOf(bytes, short) {
    if (short < 126)
        return short;
    return short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
}
function lengthBytes(length) {
    const bytes = Buffer.alloc(length < 126 ? 0 : length < 65_536 ? 2 : 8);
    if (bytes.length === 2)
        bytes.writeUInt16BE(length);
    if (bytes.length === 8)
        bytes.writeBigUInt64BE(BigInt(length));
    return bytes;
}
