/** What a client and its requests can be told. */
export {};
