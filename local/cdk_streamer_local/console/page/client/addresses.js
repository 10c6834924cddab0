/** Which addresses may be asked for what is too large for a message. */
/** Tell whether nobody between here and there can read along: https, or this machine. */
export function isSafe(url) {
    // What a parser would mend is not what the service meant.
    if (/[\s\p{C}]/u.test(url) || !URL.canParse(url))
        return false;
    const { protocol, hostname, username, password } = new URL(url);
    if (hostname === '' || username !== '' || password !== '')
        return false;
    return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
/** Tell whether a host, as URL gives it, is this machine. */
export function isLoopback(host) {
    if (/^127\.\d+\.\d+\.\d+$/.test(host) || host === '[::1]')
        return true;
    return host === 'localhost' || host.endsWith('.localhost'); // RFC 6761
}
