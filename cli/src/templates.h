/* The files of a new application. @NAME@ and @COMPONENT@ stand for its name and component id. */
#ifndef TEMPLATES_H
#define TEMPLATES_H

#include <stddef.h>

struct tatu_cli_template {
    const char *path;
    const char *text;
};

extern const struct tatu_cli_template tatu_cli_templates[];
extern const size_t tatu_cli_template_count;

#endif
