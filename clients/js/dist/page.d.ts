/** What a browser knows of the network, and of a page that was asleep. */
/** Call when a connection may live again, or may have died unseen; give what ends that. */
export declare function watchPage(notice: () => void): () => void;
