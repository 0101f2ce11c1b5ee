using AmcEngine.Tests.Fuzz;
using SharpFuzz;

// dictionaries FOLDER: writes the words of every format as AFL++ wants them, before the program is instrumented.
if (args is ["dictionaries", var folder])
{
    foreach (var format in FuzzTargets.All)
    {
        File.WriteAllLines(
            Path.Combine(folder, $"{format.Name}.dict"),
            format.Tokens.Select(token => $"\"{string.Concat(token.Select(c => $"\\x{(int)c:x2}"))}\""));
    }
    return;
}

// FORMAT: reads what AFL++ sends, until it stops. The reader runs in a child process, which is started anew when a
// stack overflow or AFL's time limit ends it. Instrumented code may run within the call only: it counts into AFL's
// memory.
FuzzTarget? target = null;
FuzzSession? session = null;
Fuzzer.OutOfProcess.Run(stream =>
{
    target ??= FuzzTargets.Find(args[0]);
    session ??= new FuzzSession(target.FileName);
    using var bytes = new MemoryStream();
    stream.CopyTo(bytes);
    target.Check(session, bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
});
