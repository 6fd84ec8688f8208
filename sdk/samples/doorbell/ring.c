#include "ring.h"

#include <applibs/log.h>
#include <applibs/storage.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <tlsutils/deviceauth_curl.h>

static size_t drop_answer(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

static CURLcode post(CURL *curl, const char *url, const char *body, const char *ca_path,
                     long *status)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca_path);
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, DeviceAuth_CurlSslFunc);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_answer);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    CURLcode result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    curl_slist_free_all(headers);
    return result;
}

bool ring_report(const char *url, int count, const char *chime)
{
    char body[96];
    snprintf(body, sizeof(body), "{\"count\":%d,\"chime\":\"%s\"}", count, chime);
    char *ca_path = Storage_GetAbsolutePathInImagePackage("certs/receiver.pem");
    CURL *curl = curl_easy_init();
    long status = 0;
    CURLcode result = CURLE_OUT_OF_MEMORY;
    if (curl != NULL && ca_path != NULL) {
        result = post(curl, url, body, ca_path, &status);
    }
    if (result != CURLE_OK || status / 100 != 2) {
        Log_Debug("ring %d was not taken: %s, status %ld\n", count, curl_easy_strerror(result),
                  status);
    }
    if (curl != NULL) {
        curl_easy_cleanup(curl);
    }
    free(ca_path);
    return result == CURLE_OK && status / 100 == 2;
}
