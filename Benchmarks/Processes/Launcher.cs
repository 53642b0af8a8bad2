using System.Collections.Concurrent;
using System.Diagnostics;

namespace RegistryProxy.Benchmarks.Processes;

/// <summary>Starts processes from one thread that lasts: the kernel's parent-death signal follows the thread, not the process.</summary>
internal static class Launcher
{
    private static readonly BlockingCollection<(ProcessStartInfo Start, TaskCompletionSource<Process> Done)> Queue = Run();

    public static Process Start(ProcessStartInfo start)
    {
        var done = new TaskCompletionSource<Process>();
        Queue.Add((start, done));
        return done.Task.GetAwaiter().GetResult();
    }

    private static BlockingCollection<(ProcessStartInfo, TaskCompletionSource<Process>)> Run()
    {
        var queue = new BlockingCollection<(ProcessStartInfo Start, TaskCompletionSource<Process> Done)>();
        new Thread(() =>
        {
            foreach (var (start, done) in queue.GetConsumingEnumerable())
            {
                done.SetResult(Process.Start(start)!);
            }
        }) { IsBackground = true }.Start();
        return queue;
    }
}
