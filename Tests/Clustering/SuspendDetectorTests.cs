using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Silo.Clustering;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Clustering;

/// <summary>A silo that was away answers again when it knows that it still belongs to the cluster.</summary>
public sealed class SuspendDetectorTests : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestDoubt = TimeSpan.FromSeconds(10);

    private readonly SteppedTime _time = new();
    private readonly Membership _membership = new();
    private readonly LogLines<SuspendDetector> _log = new();
    private readonly SuspendDetector _detector;

    public SuspendDetectorTests() => _detector = new SuspendDetector(_membership, _time, _log);

    public async ValueTask DisposeAsync()
    {
        await _detector.StopAsync(default);
        _detector.Dispose();
    }

    [Fact]
    public async Task One_that_runs_is_in_no_doubt_and_reads_nothing()
    {
        await Start();
        for (var i = 0; i < 50; i++)
        {
            await Step(Beat);
            Assert.True(_detector.IsReady);
            Assert.Null(_detector.Detail);
        }

        Assert.Equal(0, _membership.Readings);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public void It_is_in_doubt_before_it_has_noticed_itself_after_three_seconds_and_not_earlier()
    {
        _time.Advance(LongestPause);
        Assert.False(_detector.IsInDoubt);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.True(_detector.IsInDoubt);
        Assert.False(_detector.IsReady);
        Assert.Equal("the process was suspended; calls are rejected until the membership has been read again", _detector.Detail);
        Assert.Equal("pulse", _detector.Name);
    }

    [Fact]
    public void It_is_in_doubt_where_the_clock_alone_went_on_as_that_of_a_suspended_machine()
    {
        _time.Set(LongestPause + TimeSpan.FromTicks(1));
        Assert.True(_detector.IsInDoubt);
    }

    [Fact]
    public async Task A_pause_of_three_seconds_is_none()
    {
        await Start();
        await Step(LongestPause);
        Assert.False(_detector.IsInDoubt);
        Assert.Equal(0, _membership.Readings);
    }

    [Fact]
    public async Task One_that_was_away_answers_when_it_has_read_the_membership_twice()
    {
        await Start();
        await Step(TimeSpan.FromSeconds(4));
        Assert.True(_detector.IsInDoubt);
        Assert.Equal(["Process was suspended for 4.0 s; rejecting calls until the membership is refreshed"], _log.Lines);
        Assert.Equal(1, _membership.Readings);
        _membership.Answer();
        await Eventually.True(() => _membership.Readings == 2, "it reads once more");
        await Step(Beat);
        Assert.True(_detector.IsInDoubt);
        _membership.Answer();
        await Step(Beat, until: () => !_detector.IsInDoubt);
        Assert.Equal("Membership is refreshed; accepting calls again", _log.Lines[^1]);
        Assert.Equal(2, _membership.Readings);
    }

    [Fact]
    public async Task A_membership_that_cannot_be_read_is_read_again()
    {
        await Start();
        await Step(TimeSpan.FromSeconds(4));
        _membership.Fail();
        await Step(Beat, until: () => _membership.Readings == 2);
        Assert.True(_detector.IsInDoubt);
        _membership.Answer();
        await Eventually.True(() => _membership.Readings == 3, "it reads once more");
        _membership.Answer();
        await Step(Beat, until: () => !_detector.IsInDoubt);
    }

    [Fact]
    public async Task One_that_hears_nothing_of_the_membership_answers_after_ten_seconds()
    {
        await Start();
        await Step(TimeSpan.FromSeconds(4));
        for (var waited = TimeSpan.Zero; waited < LongestDoubt; waited += Beat)
        {
            Assert.True(_detector.IsInDoubt);
            await Step(Beat);
        }

        Assert.True(_detector.IsInDoubt);
        await Step(Beat);
        Assert.False(_detector.IsInDoubt);
        Assert.Equal(1, _membership.Readings);
    }

    [Fact]
    public async Task One_that_is_away_again_meanwhile_counts_only_what_was_asked_after_that()
    {
        await Start();
        await Step(TimeSpan.FromSeconds(4));
        await Step(TimeSpan.FromSeconds(5));
        Assert.Equal(2, _membership.Readings);
        Assert.Equal(2, _log.Lines.Count);
        for (var waited = TimeSpan.Zero; waited <= LongestDoubt - Beat; waited += Beat)
        {
            await Step(Beat);
        }

        Assert.True(_detector.IsInDoubt);
    }

    private async Task Start()
    {
        await _detector.StartAsync(default);
        await Eventually.True(() => _time.Waits == 1, "it waits for its first beat");
    }

    /// <summary>Time goes on, and the detector has seen that.</summary>
    private async Task Step(TimeSpan time)
    {
        var waits = _time.Waits;
        _time.Advance(time);
        await Eventually.True(() => _time.Waits > waits, "it waits for its next beat");
    }

    /// <summary>As many beats as it takes until what others do beside it is seen.</summary>
    private async Task Step(TimeSpan time, Func<bool> until)
    {
        await Step(time);
        await Eventually.True(
            async () =>
            {
                if (!until())
                {
                    await Step(TimeSpan.FromTicks(time.Ticks));
                }

                return until();
            },
            "beats are enough");
    }

    /// <summary>Counts who waits for it; its clock can be set ahead of what has passed.</summary>
    private sealed class SteppedTime : FakeTimeProvider
    {
        private int _waits;
        private TimeSpan _ahead;

        public int Waits => Volatile.Read(ref _waits);

        public void Set(TimeSpan ahead) => _ahead = ahead;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _ahead;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Interlocked.Increment(ref _waits);
            return timer;
        }
    }

    private sealed class Membership : IClusterMembershipService
    {
        private volatile TaskCompletionSource _reading = new();
        private int _readings;

        public int Readings => Volatile.Read(ref _readings);

        public ClusterMembershipSnapshot CurrentSnapshot => throw new NotSupportedException();

        public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => throw new NotSupportedException();

        public ValueTask Refresh(MembershipVersion minimumVersion = default, CancellationToken cancellationToken = default)
        {
            var reading = _reading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Interlocked.Increment(ref _readings);
            return new ValueTask(reading.Task);
        }

        public Task<bool> TryKill(SiloAddress siloAddress) => throw new NotSupportedException();

        public void Answer() => _reading.SetResult();

        public void Fail() => _reading.SetException(new IOException("no store"));
    }
}
