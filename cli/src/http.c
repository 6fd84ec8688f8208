#include "http.h"

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

enum {
    ANSWER_MAX = 64 << 20,
    CONNECT_TIMEOUT_S = 20, /* handshake included: a board on a busy host is slow */
    HEADER_MAX = 8192,
};

struct sink {
    struct tatu_cli_bytes bytes;
    size_t cap;
    bool too_long;
};

static size_t take_body(char *data, size_t size, size_t count, void *user)
{
    struct sink *sink = user;
    size_t len = size * count;
    if (len > ANSWER_MAX - sink->bytes.len) {
        sink->too_long = true;
        return 0;
    }
    if (sink->bytes.len + len + 1 > sink->cap) {
        size_t cap = (sink->bytes.len + len + 1) * 2;
        uint8_t *grown = realloc(sink->bytes.data, cap);
        if (grown == NULL) {
            return 0;
        }
        sink->bytes.data = grown;
        sink->cap = cap;
    }
    memcpy(sink->bytes.data + sink->bytes.len, data, len);
    sink->bytes.len += len;
    sink->bytes.data[sink->bytes.len] = 0;
    return len;
}

static bool is_loopback(const char *url)
{
    static const char *const hosts[] = {"https://localhost", "https://[::1]"};
    if (strncmp(url, "https://127.", 12) == 0) {
        return true; /* a board's own address among them */
    }
    for (size_t i = 0; i < TATU_COUNT_OF(hosts); i++) {
        size_t len = strlen(hosts[i]);
        if (strncmp(url, hosts[i], len) == 0 && strchr(":/", url[len]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool set_trust(CURL *curl, const struct tatu_cli_request *request)
{
    if (request->any_certificate) {
        return curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, request->pin) == CURLE_OK;
    }
    struct curl_blob ca = {(void *)(uintptr_t)request->ca_pem, strlen(request->ca_pem),
                           CURL_BLOB_COPY};
    return curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &ca) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK;
}

static bool set_request(CURL *curl, const struct tatu_cli_request *request)
{
    bool good =
        curl_easy_setopt(curl, CURLOPT_URL, request->url) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_3) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, request->timeout_s) == CURLE_OK;
    if (good && is_loopback(request->url)) {
        good = curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK;
    }
    if (good && request->body.data != NULL) {
        good = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len) ==
                   CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data) == CURLE_OK;
    }
    return good && set_trust(curl, request);
}

static struct curl_slist *make_headers(const struct tatu_cli_request *request)
{
    char line[HEADER_MAX];
    (void)snprintf(line, sizeof(line), "Content-Type: %s",
                   request->content_type != NULL ? request->content_type : "application/json");
    struct curl_slist *headers = curl_slist_append(NULL, line);
    struct curl_slist *all = headers == NULL ? NULL : curl_slist_append(headers, "Expect:");
    if (all != NULL && request->header != NULL) {
        all = curl_slist_append(headers, request->header);
    }
    if (all != NULL && request->token != NULL) {
        int len = snprintf(line, sizeof(line), "Authorization: Bearer %s", request->token);
        all = len < 0 || (size_t)len >= sizeof(line) ? NULL : curl_slist_append(headers, line);
        tatu_base_wipe(line, sizeof(line));
    }
    if (all == NULL) {
        curl_slist_free_all(headers);
    }
    return all;
}

/* What libcurl passes on of the TLS library's verdict on a certificate. */
enum { VERIFY_NOT_YET_VALID = 9, VERIFY_EXPIRED = 10 };

static enum tatu_err tell_certificate(struct tatu_cli *cli, const struct tatu_cli_request *request,
                                      const char *text, long verdict)
{
    if (verdict == VERIFY_NOT_YET_VALID || verdict == VERIFY_EXPIRED) {
        return tatu_cli_fail(cli, TATU_ERR_CERTIFICATE,
                             "by this machine's clock the certificate of %s is %s; check the "
                             "clock here, then the service's",
                             request->url, verdict == VERIFY_EXPIRED ? "expired" : "not valid yet");
    }
    return tatu_cli_fail(cli, TATU_ERR_CERTIFICATE,
                         "%s is not the service whose authority is "
                         "known here (%s); check the address, or log in again with its --ca",
                         request->url, text);
}

static enum tatu_err tell(struct tatu_cli *cli, const struct tatu_cli_request *request,
                          CURLcode code, const char *detail, long verdict)
{
    const char *text = *detail != '\0' ? detail : curl_easy_strerror(code);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
        return tell_certificate(cli, request, text, verdict);
    }
    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH) {
        return tatu_cli_fail(cli, TATU_ERR_CERTIFICATE,
                             "%s shows another certificate than before; if the board was "
                             "recovered, run 'tatu board certificate NAME --renew'",
                             request->url);
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return tatu_cli_fail(cli, TATU_ERR_TIMEOUT, "%s did not answer in time; try again",
                             request->url);
    }
    return tatu_cli_fail(cli, TATU_ERR_UNREACHABLE,
                         "%s cannot be reached (%s); check that it runs "
                         "and the address",
                         request->url, text);
}

static enum tatu_err perform(struct tatu_cli *cli, CURL *curl,
                             const struct tatu_cli_request *request, struct tatu_cli_answer *out)
{
    char detail[CURL_ERROR_SIZE] = "";
    struct sink sink = {.cap = 0};
    struct curl_slist *headers = make_headers(request);
    bool good = headers != NULL && set_request(curl, request) &&
                curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sink) == CURLE_OK;
    CURLcode code = good ? curl_easy_perform(curl) : CURLE_FAILED_INIT;
    long status = 0;
    long verdict = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) {
        tatu_cli_free_bytes(&sink.bytes);
        return sink.too_long ? tatu_cli_fail(cli, TATU_ERR_LONG,
                                             "%s sent more than %d bytes; check the address",
                                             request->url, ANSWER_MAX)
                             : tell(cli, request, code, detail, verdict);
    }
    *out = (struct tatu_cli_answer){status, sink.bytes};
    return TATU_OK;
}

static enum tatu_err keep_certificate(struct tatu_cli *cli, CURL *curl, struct tatu_cli_bytes *out)
{
    struct curl_certinfo *info = NULL;
    (void)curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info);
    const struct curl_slist *line =
        info == NULL || info->num_of_certs < 1 ? NULL : info->certinfo[0];
    while (line != NULL && strncmp(line->data, "Cert:", 5) != 0) {
        line = line->next;
    }
    if (line == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_CERTIFICATE,
                             "the device showed no certificate; check the address");
    }
    TATU_TRY(tatu_cli_alloc(cli, strlen(line->data + 5), out));
    memcpy(out->data, line->data + 5, out->len);
    return TATU_OK;
}

enum tatu_err tatu_cli_fetch_certificate(struct tatu_cli *cli,
                                         const struct tatu_cli_request *request,
                                         struct tatu_cli_bytes *out_pem)
{
    struct tatu_cli_answer answer = {.status = 0};
    CURL *curl = curl_easy_init();
    if (curl == NULL || curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L) != CURLE_OK) {
        curl_easy_cleanup(curl);
        return tatu_cli_fail(cli, TATU_ERR_MEMORY, "there is not enough memory; free some");
    }
    enum tatu_err err = perform(cli, curl, request, &answer);
    tatu_cli_free_bytes(&answer.body);
    if (err == TATU_OK) {
        err = keep_certificate(cli, curl, out_pem);
    }
    curl_easy_cleanup(curl);
    return err;
}

enum tatu_err tatu_cli_exchange(struct tatu_cli *cli, const struct tatu_cli_request *request,
                                struct tatu_cli_answer *out)
{
    CURL *curl = curl_easy_init();
    if (curl == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_MEMORY, "there is not enough memory; free some");
    }
    enum tatu_err err = perform(cli, curl, request, out);
    curl_easy_cleanup(curl);
    return err;
}

enum tatu_err tatu_cli_put_segment(struct tatu_cli *cli, const char *text, char *path, size_t cap)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    size_t at = strlen(path);
    bool only_dots = strcmp(text, ".") == 0 || strcmp(text, "..") == 0;
    for (; *text != '\0' && !only_dots; text++) {
        bool is_plain = strchr(plain, *text) != NULL;
        size_t need = is_plain ? 1 : 3;
        if (at + need + 1 > cap) {
            return tatu_cli_fail(cli, TATU_ERR_LONG, "a name is too long; use a shorter one");
        }
        (void)snprintf(path + at, cap - at, is_plain ? "%c" : "%%%02X", (unsigned char)*text);
        at += need;
    }
    return only_dots
               ? tatu_cli_fail(cli, TATU_ERR_ARGUMENT, "'.' and '..' are no names; choose one")
               : TATU_OK;
}
