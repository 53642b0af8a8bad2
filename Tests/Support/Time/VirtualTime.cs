using Microsoft.Extensions.Time.Testing;

namespace RegistryProxy.Tests.Support.Time;

/// <summary>Lets virtual time pass no faster than the code that waits for it runs, however busy the machine is.</summary>
internal static class VirtualTime
{
    /// <summary>As many continuations, one after the other, as follow the firing of a timer at most.</summary>
    private const int Continuations = 10;

    private static readonly Task Unending = new TaskCompletionSource().Task;

    /// <summary>Lets time pass in steps until the task has ended.</summary>
    public static async Task<T> Passing<T>(this FakeTimeProvider time, Task<T> task, TimeSpan step)
    {
        while (!task.IsCompleted)
        {
            time.Advance(step);
            await Settled(task);
        }

        return await task;
    }

    /// <summary>Lets time pass in steps for as long as said.</summary>
    public static async Task Pass(this FakeTimeProvider time, TimeSpan whole, TimeSpan step)
    {
        for (var end = time.GetUtcNow() + whole; time.GetUtcNow() < end;)
        {
            await Settled(Unending);
            time.Advance(step);
        }
    }

    /// <summary>Lets all code run that need not wait for time to pass.</summary>
    public static Task Settle(this FakeTimeProvider _) => Settled(Unending);

    /// <summary>Waits behind what the thread pool has to do: a test's own threads are others, and would run ahead of it.</summary>
    private static async Task Settled(Task task)
    {
        for (var i = 0; i < Continuations && !task.IsCompleted; i++)
        {
            await Task.Run(static () => { });
        }

        await Task.WhenAny(task, Task.Delay(1));
    }
}
