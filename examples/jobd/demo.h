/** @file
 * The demonstration: nine jobs on two places, and a signal to end. Its time is a TestClock's, so it takes none, and says
 * the same each time.
 */
#ifndef JOBD_DEMO_H
#define JOBD_DEMO_H

/** @return the exit code */
int demo(void);

#endif
