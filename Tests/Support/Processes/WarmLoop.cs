using System.Reflection;

namespace RegistryProxy.Tests.Support.Processes;

/// <summary>
/// What a process does that runs a host for one test after the other: each line of its input are the arguments of one run.
/// </summary>
internal static class WarmLoop
{
    /// <summary>Begins the last line of a run, on both outputs; the exit code follows.</summary>
    public const string Ended = "\u0001ended ";

    public static void Run()
    {
        var (output, error) = (Console.Out, Console.Error);
        while (Console.In.ReadLine() is { } line)
        {
            var code = (int)Assembly.GetEntryAssembly()!.EntryPoint!.Invoke(null, [line.Split('\t')])!;
            Console.SetOut(output);
            Console.SetError(error);
            Environment.ExitCode = 0;
            GC.Collect();
            output.WriteLine(Ended + code);
            error.WriteLine(Ended + code);
        }

        Environment.Exit(0);
    }
}
