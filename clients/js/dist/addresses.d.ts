/** Which addresses may be asked for what is too large for a message. */
/** Tell whether nobody between here and there can read along: https, or this machine. */
export declare function isSafe(url: string): boolean;
/** Tell whether a host, as URL gives it, is this machine. */
export declare function isLoopback(host: string): boolean;
