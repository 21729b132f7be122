/* libevent and OpenSSL write to sockets with calls that raise SIGPIPE when nobody reads any more. */
#ifndef EFF_HTTP_SIGPIPE_H
#define EFF_HTTP_SIGPIPE_H

/* Keeps SIGPIPE from this thread until as many _allow have been called, if it would end the process. */
void eff__http_sigpipe_block(void);
void eff__http_sigpipe_allow(void);

#endif
