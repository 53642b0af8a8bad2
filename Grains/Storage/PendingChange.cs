namespace RegistryProxy.Grains.Storage;

/// <summary>A change that waits for its write.</summary>
internal abstract class PendingChange<T>
{
    /// <summary>Makes the change on a state; <c>null</c> for no record at all.</summary>
    public abstract T? Apply(T state);

    /// <summary>The change is stored.</summary>
    public abstract void Succeed();

    /// <summary>Nobody knows whether it is.</summary>
    public abstract void Fail(Exception fault);
}

/// <inheritdoc/>
internal sealed class PendingChange<T, TResult>(Func<T, (T? Next, TResult Result)> change) : PendingChange<T>
{
    private readonly TaskCompletionSource<TResult> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TResult _result = default!;

    public Task<TResult> Outcome => _outcome.Task;

    public override T? Apply(T state)
    {
        (var next, _result) = change(state);
        return next;
    }

    public override void Succeed() => _outcome.TrySetResult(_result);

    public override void Fail(Exception fault) => _outcome.TrySetException(fault);
}
