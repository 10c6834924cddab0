/** What the service says of itself in `hello`. */
import { isObject, readMoment, readNumber } from '../wire.js';
/** Read a `hello`; throws Malformed. */
export function readGreeting(document) {
    let tokenLeft = null;
    if ('expires_at' in document && 'timestamp' in document) {
        // Both are the server's: so the difference is right whatever this machine's clock says.
        tokenLeft =
            readMoment(document, 'expires_at').getTime() - readMoment(document, 'timestamp').getTime();
    }
    return {
        heartbeatSeconds: readNumber(document, 'heartbeat_seconds'),
        tokenLeft,
        modes: modes(document['actions']),
    };
}
function modes(actions) {
    if (!Array.isArray(actions))
        return null;
    const entries = actions.filter(isObject);
    return new Map(entries.map((entry) => [String(entry['name']), String(entry['mode'])]));
}
