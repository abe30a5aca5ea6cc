/* SHA-256 and Ed25519 by OpenSSL: what plan files are checked and model files signed with. */
#ifndef MASS_CRYPTO_H
#define MASS_CRYPTO_H

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stddef.h>
#include <string.h>

enum { MASS_SHA256_BYTES = 32 };

/* RFC 8032: private and public keys in their raw form, and signatures. */
enum { MASS_ED25519_KEY_BYTES = 32, MASS_ED25519_SIGNATURE_BYTES = 64 };

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

/* Makes a key from the system's randomness; 1 on success. Both buffers have MASS_ED25519_KEY_BYTES bytes. */
static inline int mass_ed25519_generate(unsigned char *private_key, unsigned char *public_key) {
  size_t private_count = MASS_ED25519_KEY_BYTES, public_count = MASS_ED25519_KEY_BYTES;
  EVP_PKEY *key = NULL;
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, NULL);
  int ok = context && EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_keygen(context, &key) == 1 &&
           EVP_PKEY_get_raw_private_key(key, private_key, &private_count) == 1 &&
           EVP_PKEY_get_raw_public_key(key, public_key, &public_count) == 1;
  EVP_PKEY_free(key);
  EVP_PKEY_CTX_free(context);
  return ok;
}

/* The public key of a private one; 1 on success. */
static inline int mass_ed25519_public(const unsigned char *private_key, unsigned char *public_key) {
  size_t count = MASS_ED25519_KEY_BYTES;
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, MASS_ED25519_KEY_BYTES);
  int ok = key && EVP_PKEY_get_raw_public_key(key, public_key, &count) == 1;
  EVP_PKEY_free(key);
  return ok;
}

/* Writes MASS_ED25519_SIGNATURE_BYTES bytes; 1 on success. */
static inline int mass_ed25519_sign(
    const unsigned char *private_key, const unsigned char *message, size_t message_count, unsigned char *signature) {
  size_t count = MASS_ED25519_SIGNATURE_BYTES;
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, MASS_ED25519_KEY_BYTES);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int ok = key && context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
           EVP_DigestSign(context, signature, &count, message, message_count) == 1 &&
           count == MASS_ED25519_SIGNATURE_BYTES;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return ok;
}

/* 1 if the signature, of MASS_ED25519_SIGNATURE_BYTES bytes, is that of the message by the key; 0 in every other case. */
static inline int mass_ed25519_verify(
    const unsigned char *public_key, const unsigned char *message, size_t message_count,
    const unsigned char *signature) {
  EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, MASS_ED25519_KEY_BYTES);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int ok = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
           EVP_DigestVerify(context, signature, MASS_ED25519_SIGNATURE_BYTES, message, message_count) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return ok;
}

/* Answers a question for a passphrase with none, in place of one on the terminal. */
static inline int mass_no_passphrase(char *buffer, int size, int is_writing, void *context) {
  (void)buffer, (void)size, (void)is_writing, (void)context;
  return -1;
}

/* Reads a private key (PKCS #8, not encrypted) in PEM; 1 on success, 0 if there is none, -1 if it is of another kind. */
static inline int mass_ed25519_read_private(const void *pem, size_t pem_count, unsigned char *private_key) {
  if (pem_count > INT_MAX) return 0;
  size_t count = MASS_ED25519_KEY_BYTES;
  BIO *file = BIO_new_mem_buf(pem, (int)pem_count);
  EVP_PKEY *key = file ? PEM_read_bio_PrivateKey(file, NULL, mass_no_passphrase, NULL) : NULL;
  int ok = !key ? 0 : EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 ? -1
                    : EVP_PKEY_get_raw_private_key(key, private_key, &count) == 1;
  EVP_PKEY_free(key);
  BIO_free(file);
  return ok;
}

/* Reads a public key (SubjectPublicKeyInfo) in PEM, as mass_ed25519_read_private. */
static inline int mass_ed25519_read_public(const void *pem, size_t pem_count, unsigned char *public_key) {
  if (pem_count > INT_MAX) return 0;
  size_t count = MASS_ED25519_KEY_BYTES;
  BIO *file = BIO_new_mem_buf(pem, (int)pem_count);
  EVP_PKEY *key = file ? PEM_read_bio_PUBKEY(file, NULL, mass_no_passphrase, NULL) : NULL;
  int ok = !key ? 0 : EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 ? -1
                    : EVP_PKEY_get_raw_public_key(key, public_key, &count) == 1;
  EVP_PKEY_free(key);
  BIO_free(file);
  return ok;
}

/* Writes the PEM of a private key, or else of a public one; the count of its bytes, 0 if it does not fit. */
static inline size_t mass_ed25519_write(int is_private, const unsigned char *raw, char *pem, size_t capacity) {
  size_t written = 0;
  char *text = NULL;
  EVP_PKEY *key = is_private ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, MASS_ED25519_KEY_BYTES)
                             : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, MASS_ED25519_KEY_BYTES);
  BIO *file = BIO_new(BIO_s_mem());
  if (key && file &&
      (is_private ? PEM_write_bio_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL)
                  : PEM_write_bio_PUBKEY(file, key)) == 1) {
    long count = BIO_get_mem_data(file, &text);
    if (text && count > 0 && (size_t)count <= capacity) {
      memcpy(pem, text, (size_t)count);
      written = (size_t)count;
      OPENSSL_cleanse(text, (size_t)count);
    }
  }
  EVP_PKEY_free(key);
  BIO_free(file);
  return written;
}

/* Overwrites a secret that is no longer needed. */
static inline void mass_cleanse(void *bytes, size_t count) { OPENSSL_cleanse(bytes, count); }

#endif
