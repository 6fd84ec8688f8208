#ifndef VERSION_H
#define VERSION_H

#define TATU_CLI_VERSION "0.1.0"

#endif
