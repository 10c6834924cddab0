/** What a browser knows of the network, and of a page that was asleep. */
/** Call when a connection may live again, or may have died unseen; give what ends that. */
export function watchPage(notice) {
    if (typeof document === 'undefined' || typeof addEventListener === 'undefined')
        return () => { };
    const onVisible = () => {
        if (document.visibilityState === 'visible')
            notice();
    };
    addEventListener('online', notice);
    document.addEventListener('visibilitychange', onVisible);
    return () => {
        removeEventListener('online', notice);
        document.removeEventListener('visibilitychange', onVisible);
    };
}
