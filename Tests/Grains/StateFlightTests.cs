using RegistryProxy.Grains.Sessions;

namespace RegistryProxy.Tests.Grains;

/// <summary>Whoever waits for the work on another state does not suffer its fault.</summary>
public sealed class StateFlightTests
{
    private readonly StateFlight _flight = new();
    private readonly List<SessionState> _worked = [];

    [Fact]
    public async Task A_fault_of_the_work_on_an_older_state_is_told_to_those_of_that_state_alone()
    {
        var (older, newer) = (new SessionState(), new SessionState());
        var storage = new TaskCompletionSource();
        var first = _flight.Join(older, Work);
        var same = _flight.Join(older, Work);
        var joined = new[] { _flight.Join(newer, Work), _flight.Join(newer, Work) };
        storage.SetException(new TimeoutException());
        await Assert.ThrowsAsync<TimeoutException>(() => first);
        await Assert.ThrowsAsync<TimeoutException>(() => same);
        Assert.All(await Task.WhenAll(joined), Assert.False);
        Assert.Equal([older], _worked);

        storage = new TaskCompletionSource();
        var again = new[] { _flight.Join(newer, Work), _flight.Join(newer, Work) };
        storage.SetResult();
        Assert.All(await Task.WhenAll(again), Assert.True);
        Assert.Equal([older, newer], _worked);
        await Assert.ThrowsAsync<IOException>(() => _flight.Join(older, _ => Task.FromException(new IOException())));

        Task Work(SessionState state)
        {
            _worked.Add(state);
            return storage.Task;
        }
    }
}
