/* Stands where fuzz_main.c does, when libFuzzer brings the main. */
typedef int tatu_fuzz_none;
