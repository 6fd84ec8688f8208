/* What a press of the button means. */
#ifndef DOORBELL_PRESS_H
#define DOORBELL_PRESS_H

/** Name of the chime for a press of that length, and counts it. */
const char *press_choose_chime(int duration_ms);

#endif
