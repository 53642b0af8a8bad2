using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Grains;

/// <summary>Many logins at once tell the list of their tenant by few calls, and wait for none.</summary>
public sealed class SessionIndexWriterTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly SessionIndexWriter _writer;
    private readonly LogLines<SessionIndexWriter> _log = new();
    private readonly List _list = new();
    private int _opened;

    public SessionIndexWriterTests() => _writer = new SessionIndexWriter(_time, _log);

    [Fact]
    public async Task Sessions_that_are_opened_while_a_call_is_under_way_go_with_the_next_and_those_of_another_tenant_do_not_wait()
    {
        _list.Hold = new TaskCompletionSource();
        Add(4);
        Assert.Equal(["1"], _list.Calls);
        var other = new List();
        _writer.Add(other, "other", Session());
        Assert.Equal(["1"], other.Calls);
        _list.Hold.SetResult();
        await Eventually.True(() => _list.Calls.Count == 2, "the others are told");
        Assert.Equal(["1", "3"], _list.Calls);
        Assert.Equal(["0", "1", "2", "3"], _list.Listed);
        Add(1);
        await Eventually.True(() => _list.Calls.Count == 3, "so is one that comes later");
    }

    [Fact]
    public async Task A_call_has_its_bound_and_so_has_what_waits()
    {
        _list.Hold = new TaskCompletionSource();
        Add(1 + (SessionIndexWriter.MaxWaiting * 2));
        _list.Hold.SetResult();
        const int Calls = SessionIndexWriter.MaxWaiting / SessionIndexWriter.MaxAtOnce;
        await Eventually.True(() => _list.Calls.Count == 1 + Calls, "all are told");
        Assert.Equal(["1", .. Enumerable.Repeat($"{SessionIndexWriter.MaxAtOnce}", Calls)], _list.Calls);
        Add(1);
        await Eventually.True(() => _list.Calls.Count == 2 + Calls, "nothing is left over");
    }

    [Fact]
    public async Task A_list_that_is_lost_is_told_again_and_does_not_lose_those_that_come_after_it()
    {
        _list.Fault = new SiloUnavailableException();
        Add(2);
        Assert.Empty(_list.Listed);
        _list.Fault = null;
        await Eventually.True(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(250));
                return _list.Listed.Count == 2;
            },
            "both are told");
        Assert.Equal(["0", "1"], _list.Listed);
    }

    [Fact]
    public async Task What_a_list_does_not_take_for_minutes_is_kept_and_said_and_told_when_it_answers()
    {
        _list.Fault = new SiloUnavailableException();
        Add(SessionIndexWriter.MaxAtOnce + 1);
        await Passes(() => _log.Lines.Count == 1, "the log says it");
        Assert.Contains("does not answer", _log.Lines[^1]);
        for (var i = 0; i < 600; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Yield();
        }

        Assert.Single(_log.Lines);
        _list.Fault = null;
        await Passes(() => _list.Listed.Count == SessionIndexWriter.MaxAtOnce + 1, "all are told");
        Assert.Equal(Enumerable.Range(0, SessionIndexWriter.MaxAtOnce + 1).Select(i => $"{i}"), _list.Listed);
        await Passes(() => _log.Lines.Count == 2, "the log says that, too");
        Assert.Contains("answers again after", _log.Lines[^1]);
    }

    [Fact]
    public async Task What_finds_no_room_is_counted_and_what_has_ended_is_given_up()
    {
        _list.Fault = new SiloUnavailableException();
        Add(SessionIndexWriter.MaxWaiting + 8);
        await Passes(() => _log.Lines.Count == 1, "the list does not answer");
        _list.Fault = null;
        await Passes(() => _log.Lines.Count == 3, "it answers");
        Assert.Contains("8 sessions of tenant acme", _log.Lines[^1]);
        await Passes(() => _list.Listed.Count == SessionIndexWriter.MaxWaiting, "the others are told");

        _list.Fault = new SiloUnavailableException();
        Add(1);
        await Passes(() => _log.Lines.Count == 4, "it is away again");
        _time.Advance(TimeSpan.FromHours(2));
        await Passes(() => _log.Lines.Count == 5, "what has ended needs no list");
        Assert.Equal(SessionIndexWriter.MaxWaiting, _list.Listed.Count);
    }

    private Task Passes(Func<bool> what, string message) => Eventually.True(
        () =>
        {
            if (what())
            {
                return true;
            }

            _time.Advance(TimeSpan.FromMilliseconds(250));
            return what();
        },
        message);

    private void Add(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _writer.Add(_list, "acme", Session());
        }
    }

    private SessionSummary Session() =>
        new($"{_opened++}", "k8s", "pod", false, _time.GetUtcNow(), _time.GetUtcNow() + TimeSpan.FromHours(1), "");

    private sealed class List : ISessionIndexGrain
    {
        private readonly Lock _gate = new();
        private readonly List<string> _calls = [];
        private readonly List<string> _listed = [];

        public TaskCompletionSource? Hold { get; set; }

        public Exception? Fault { get; set; }

        public IReadOnlyList<string> Calls
        {
            get
            {
                lock (_gate)
                {
                    return [.. _calls];
                }
            }
        }

        public IReadOnlyList<string> Listed
        {
            get
            {
                lock (_gate)
                {
                    return [.. _listed];
                }
            }
        }

        public ValueTask Add(SessionKey key, SessionSummary session) => throw new NotSupportedException();

        public async ValueTask AddAll(IReadOnlyList<SessionSummary> sessions)
        {
            Told($"{sessions.Count}", sessions);
            if (Hold is { } hold)
            {
                await hold.Task;
            }
        }

        public ValueTask Remove(IReadOnlyList<string> sessions) => ValueTask.CompletedTask;

        private void Told(string call, IReadOnlyList<SessionSummary> sessions)
        {
            if (Fault is not null)
            {
                throw Fault;
            }

            lock (_gate)
            {
                _calls.Add(call);
                _listed.AddRange(sessions.Select(session => session.Session));
            }
        }
    }
}
