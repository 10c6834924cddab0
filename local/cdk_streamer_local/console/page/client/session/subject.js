/** What can be followed: a request or a channel. */
export class Subject {
    requestId;
    channel;
    constructor(requestId, channel) {
        this.requestId = requestId;
        this.channel = channel;
    }
    static request(id) {
        return new Subject(id, null);
    }
    static channel(name) {
        return new Subject(null, name);
    }
    /** Give the subject of a message; null when it names none. */
    static of(requestId, channel) {
        if (requestId !== null)
            return Subject.request(requestId);
        return channel === null ? null : Subject.channel(channel);
    }
    /** The same for all that name the same. */
    get key() {
        return this.requestId === null ? `channel ${this.channel}` : `request ${this.requestId}`;
    }
    /** What people call it. */
    get name() {
        return this.requestId ?? this.channel ?? '';
    }
    /** What the protocol's actions call it. */
    get arguments() {
        return this.requestId === null ? { channel: this.channel } : { request_id: this.requestId };
    }
}
