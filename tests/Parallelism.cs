using NUnit.Framework;

// Fixtures run two at a time where they say so ([Parallelizable]), and then all others, one at a time. Those that say
// so take long, wait for other processes or work on one thread, and touch nothing that the process has once: no choice
// of the SIMD path, no environment variable or working folder, no count of memory or threads. One of them may use the
// OpenCL device. A new fixture runs alone unless somebody has looked for that.
[assembly: LevelOfParallelism(2)]
