/* SHA-256 by OpenSSL: what plan files are checked with. */
#ifndef MASS_CRYPTO_H
#define MASS_CRYPTO_H

#include <openssl/evp.h>
#include <stddef.h>

enum { MASS_SHA256_BYTES = 32 };

/* A running digest; NULL when OpenSSL cannot make one. Ended, and freed, by mass_sha256_finish. */
static inline EVP_MD_CTX *mass_sha256_start(void) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
    EVP_MD_CTX_free(context);
    return NULL;
  }
  return context;
}

static inline void mass_sha256_update(EVP_MD_CTX *context, const void *bytes, size_t count) {
  if (context && count) EVP_DigestUpdate(context, bytes, count);
}

/* Writes MASS_SHA256_BYTES bytes; all zero when the digest could not be computed, which matches no file. */
static inline void mass_sha256_finish(EVP_MD_CTX *context, unsigned char *digest) {
  unsigned length = 0;
  for (int i = 0; i < MASS_SHA256_BYTES; i++) digest[i] = 0;
  if (context) EVP_DigestFinal_ex(context, digest, &length);
  EVP_MD_CTX_free(context);
}

#endif
