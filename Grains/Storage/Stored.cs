using Orleans.Storage;
using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Storage;

/// <summary>
/// One stored record of a grain. A change is made on a copy, written, and seen by nobody before the storage has it; changes that come while
/// a write runs share the next one. After a write that failed nobody knows what the storage has, so it is read again before the next one.
/// For the single thread of a grain.
/// </summary>
/// <param name="storage">Where it is.</param>
/// <param name="name">The name of the state.</param>
/// <param name="grain">Whose it is.</param>
/// <param name="time">The clock.</param>
/// <param name="failed">Told of each call that the storage did not do.</param>
/// <param name="worked">Told of each that it did.</param>
internal sealed class Stored<T>(
    IGrainStorage storage, string name, GrainId grain, TimeProvider time, Action<Exception>? failed = null, Action? worked = null)
    where T : class, new()
{
    /// <summary>How long the storage may take. A write that is late all the same meets a newer ETag, and does nothing.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>From one look at what a failed write left behind to the next.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private List<PendingChange<T>> _waiting = [];
    private GrainState<T>? _known;
    private readonly SingleFlight<T> _reading = new();
    private bool _isWriting;
    private bool _isDoubtful;
    private bool _isOutdated;
    private TimeSpan _lookAt;

    /// <summary>Called when somebody else wrote the record: another activation lives.</summary>
    public Action? Outdated { get; init; }

    /// <summary>Told of a record that the storage has and refuses.</summary>
    public Action<StateRefusedException>? Refused { get; init; }

    /// <summary>What the storage had last; must never be changed. Only after <see cref="Get"/>.</summary>
    /// <exception cref="InconsistentStateException">Somebody else wrote the record meanwhile.</exception>
    public T Value => _known?.State ?? throw new InconsistentStateException($"the state '{name}' was written by another activation");

    /// <summary>Whether there is a record. Only after <see cref="Get"/>.</summary>
    public bool Exists => _known!.RecordExists;

    /// <summary>
    /// Reads the record the first time. After a failed write what was there before is given, and the storage asked behind it.
    /// </summary>
    /// <exception cref="StateUnavailableException">It cannot be read.</exception>
    public ValueTask<T> Get()
    {
        if (_known is not { } known || _isOutdated)
        {
            return new(Read());
        }

        if (_isDoubtful && !_isWriting && time.GetSteadyNow() >= _lookAt)
        {
            Read().Ignore();
        }

        return new(known.State!);
    }

    /// <summary>
    /// Changes the record. The change gets what is stored and returns what shall be, <c>null</c> for no record at all, or the very same for
    /// nothing to do; it may be called again after another one.
    /// </summary>
    /// <exception cref="InconsistentStateException">Somebody else wrote it.</exception>
    /// <exception cref="StateUnavailableException">It may or may not have been written.</exception>
    public Task<TResult> Change<TResult>(Func<T, (T? Next, TResult Result)> change)
    {
        var pending = new PendingChange<T, TResult>(change);
        _waiting.Add(pending);
        if (!_isWriting)
        {
            _isWriting = true;
            WriteAll().Ignore();
        }

        return pending.Outcome;
    }

    private async Task WriteAll()
    {
        // Whoever else has work in this turn comes along.
        await Task.Yield();
        while (_waiting.Count > 0)
        {
            List<PendingChange<T>>? batch = null;
            try
            {
                if (_known is null || _isDoubtful || _reading.IsRunning)
                {
                    await Read();
                }

                (batch, _waiting) = (_waiting, []);
                await Write(batch, _known!);
                batch.ForEach(pending => pending.Succeed());
            }
            catch (Exception fault)
            {
                if (batch is null)
                {
                    (batch, _waiting) = (_waiting, []);
                }

                batch.ForEach(pending => pending.Fail(fault));
            }
        }

        _isWriting = false;
    }

    private async Task Write(List<PendingChange<T>> batch, GrainState<T> known)
    {
        var next = batch.Aggregate(known.State, Apply);
        if (ReferenceEquals(next, known.State) || (next is null && !known.RecordExists))
        {
            return;
        }

        var written = new GrainState<T>(next ?? known.State!, known.ETag) { RecordExists = known.RecordExists };
        _isDoubtful = true;
        await Call(() => next is null ? storage.ClearStateAsync(name, grain, written) : storage.WriteStateAsync(name, grain, written));
        (written.State, _known, _isDoubtful) = (next ?? new T(), written, false);
    }

    /// <summary>A change that has nothing to do with no record leaves none.</summary>
    private static T? Apply(T? state, PendingChange<T> pending)
    {
        var before = state ?? new T();
        var next = pending.Apply(before);
        return state is null && ReferenceEquals(next, before) ? null : next;
    }

    /// <summary>One at a time.</summary>
    private Task<T> Read() => _reading.Join(ReadNow);

    private async Task<T> ReadNow()
    {
        _lookAt = time.GetSteadyNow() + LookAgain;
        var read = new GrainState<T>(new T());
        await Call(() => storage.ReadStateAsync(name, grain, read));
        read.State ??= new T();
        (_known, _isDoubtful, _isOutdated) = (read, false, false);
        return read.State;
    }

    private async Task Call(Func<Task> question)
    {
        try
        {
            await question().WaitAsync(Timeout, time);
            worked?.Invoke();
        }
        catch (InconsistentStateException)
        {
            // What is known here is what somebody else has left behind.
            _isOutdated = true;
            Outdated?.Invoke();
            throw;
        }
        catch (StateRefusedException fault)
        {
            Refused?.Invoke(fault);
            throw;
        }
        catch (Exception fault) when (fault is not StateUnavailableException)
        {
            failed?.Invoke(fault);
            throw new StateUnavailableException($"the storage of the state '{name}' does not answer as it should: {fault.GetType().Name}");
        }
    }
}

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
