/* Only what is in the headers below is exported. */
#include <curl/curl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/tls/tls.h"
#include "tlsutils/deviceauth.h"
#include "tlsutils/deviceauth_curl.h"

#define FOLDER "/run/deviceauth"
#define CERTIFICATE FOLDER "/cert.pem"
#define EXPORT __attribute__((visibility("default")))

/* TLS configurations borrow the identity they were given; the one before a renewal stays for those
 * that still run, and only the one before that is closed. */
static struct {
    pthread_mutex_t lock;
    struct tatu_tls_identity *present;
    struct tatu_tls_identity *previous;
    ino_t inode; /* of the certificate that `present` is; each renewal is a new file */
} cached = {.lock = PTHREAD_MUTEX_INITIALIZER};

EXPORT const char *DeviceAuth_GetCertificatePath(void)
{
    return access(CERTIFICATE, R_OK) == 0 ? CERTIFICATE : NULL;
}

static enum tatu_err refresh(void)
{
    struct stat st;
    struct tatu_tls_identity *fresh;
    if (stat(CERTIFICATE, &st) != 0) {
        return TATU_ERR_NOT_FOUND;
    }
    if (cached.present != NULL && cached.inode == st.st_ino) {
        return TATU_OK;
    }
    TATU_TRY(tatu_tls_open_identity(FOLDER, &fresh));
    tatu_tls_close_identity(cached.previous);
    cached.previous = cached.present;
    cached.present = fresh;
    cached.inode = st.st_ino;
    return TATU_OK;
}

EXPORT DeviceAuthSslResult DeviceAuth_SslCtxFunc(void *sslctx)
{
    DeviceAuthSslResult result = DeviceAuthSslResult_Success;
    (void)pthread_mutex_lock(&cached.lock);
    if (refresh() != TATU_OK) {
        result = DeviceAuthSslResult_GetCertificateError;
    } else if (tatu_tls_use_identity(cached.present, sslctx) != TATU_OK) {
        result = DeviceAuthSslResult_EnableHardwareSigningError;
    }
    (void)pthread_mutex_unlock(&cached.lock);
    return result;
}

EXPORT CURLcode DeviceAuth_CurlSslFunc(CURL *curl, void *sslctx, void *userCtx)
{
    (void)curl;
    (void)userCtx;
    return DeviceAuth_SslCtxFunc(sslctx) == DeviceAuthSslResult_Success ? CURLE_OK
                                                                        : CURLE_SSL_CERTPROBLEM;
}
