import type { Document } from '../wire.js';

/** What can be followed: a request or a channel. */
export class Subject {
  readonly requestId: string | null;
  readonly channel: string | null;

  private constructor(requestId: string | null, channel: string | null) {
    this.requestId = requestId;
    this.channel = channel;
  }

  static request(id: string): Subject {
    return new Subject(id, null);
  }

  static channel(name: string): Subject {
    return new Subject(null, name);
  }

  /** Give the subject of a message; null when it names none. */
  static of(requestId: string | null, channel: string | null): Subject | null {
    if (requestId !== null) return Subject.request(requestId);
    return channel === null ? null : Subject.channel(channel);
  }

  /** The same for all that name the same. */
  get key(): string {
    return this.requestId === null ? `channel ${this.channel}` : `request ${this.requestId}`;
  }

  /** What people call it. */
  get name(): string {
    return this.requestId ?? this.channel ?? '';
  }

  /** What the protocol's actions call it. */
  get arguments(): Document {
    return this.requestId === null ? { channel: this.channel } : { request_id: this.requestId };
  }
}
