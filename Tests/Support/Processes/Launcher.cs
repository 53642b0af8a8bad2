using System.Collections.Concurrent;

namespace RegistryProxy.Tests.Support.Processes;

/// <summary>
/// The thread that starts every child. A child that asked for a signal at its parent's death gets it when the thread that started it
/// ends, and threads of the pool do end.
/// </summary>
internal static class Launcher
{
    private static readonly BlockingCollection<Action> Work = [];

    static Launcher() => new Thread(() =>
    {
        foreach (var start in Work.GetConsumingEnumerable())
        {
            start();
        }
    })
    { IsBackground = true, Name = "launcher" }.Start();

    public static void Run(Action start)
    {
        var done = new TaskCompletionSource();
        Work.Add(() =>
        {
            try
            {
                start();
                done.SetResult();
            }
            catch (Exception fault)
            {
                done.SetException(fault);
            }
        });
        done.Task.GetAwaiter().GetResult();
    }
}
