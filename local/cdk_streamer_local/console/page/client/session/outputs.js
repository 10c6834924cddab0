/** What a Session asks to be done, and what it has to tell. */
export {};
