using Microsoft.Extensions.Time.Testing;

namespace RegistryProxy.Tests.Support.State;

/// <summary>One thread on a time of its own, as a grain has it: what runs in it is the same in every run.</summary>
internal sealed class VirtualThread : TaskScheduler
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private readonly Queue<Task> _tasks = new();

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    /// <summary>Begins something, and goes on with everything until nothing can.</summary>
    public Task<T> Begin<T>(Func<Task<T>> work)
    {
        var begun = Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.None, this).Unwrap();
        Settle();
        return begun;
    }

    /// <summary>Lets time pass until something has ended.</summary>
    public void Finish(Task task)
    {
        for (var steps = 0; !task.IsCompleted; steps++)
        {
            Assert.True(steps < 1000, "it does not end");
            Pass(Step);
        }
    }

    public void Pass(TimeSpan time)
    {
        Time.Advance(time);
        Settle();
    }

    protected override IEnumerable<Task> GetScheduledTasks() => _tasks;

    protected override void QueueTask(Task task) => _tasks.Enqueue(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    private void Settle()
    {
        while (_tasks.TryDequeue(out var task))
        {
            TryExecuteTask(task);
        }
    }
}
