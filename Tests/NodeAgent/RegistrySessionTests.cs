using System.Net;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Telemetry;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>When a node proves itself, who waits for that, and what a failure costs.</summary>
public sealed class RegistrySessionTests : IDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly AgentMetrics _metrics = new(TimeProvider.System);
    private readonly Door _door = new();
    private readonly HttpClient _http;
    private readonly Identity _identity;
    private readonly LogLines<RegistrySession> _log = new();
    private readonly RegistrySession _session;

    public RegistrySessionTests()
    {
        _http = new HttpClient(_door);
        _identity = new Identity(number => new("session", new Secret($"{number}"), _time.GetUtcNow(), _time.GetUtcNow() + Life));
        _session = new RegistrySession(
            new RegistryTokenClient(new Uri("https://door.example"), _http, _time), _identity, _metrics, _time, _log);
    }

    public void Dispose()
    {
        _http.Dispose();
        _door.Dispose();
        _metrics.Dispose();
    }

    [Fact]
    public async Task One_proof_serves_all_who_ask_meanwhile_and_all_who_ask_after_it()
    {
        _identity.Held = new TaskCompletionSource();
        var asking = Enumerable.Range(0, 10).Select(_ => Get()).ToList();
        await Eventually.True(() => _identity.Calls == 1, "it proves itself");
        Assert.All(asking, task => Assert.False(task.IsCompleted));
        _identity.Held.SetResult();
        Assert.All(await Task.WhenAll(asking), number => Assert.Equal("1", number));
        Assert.Equal("1", await Get());
        Assert.Equal(1, _identity.Calls);
        Assert.Equal("The session at door.example is valid until 2030-01-01 01:00:00Z", Assert.Single(_log.Lines));
    }

    [Fact]
    public async Task From_half_of_its_life_a_new_one_is_fetched_beside_the_use_of_the_old()
    {
        await Get();
        _time.Advance((Life / 2) - Tick);
        Assert.Equal("1", await Get());
        _time.Advance(Tick);
        _identity.Held = new TaskCompletionSource();
        Assert.Equal("1", await Get());
        await Eventually.True(() => _identity.Calls == 2, "it proves itself again");
        Assert.Equal("1", await Get());
        _identity.Held.SetResult();
        await Eventually.True(async () => await Get() == "2", "the new one serves");
        Assert.Equal(2, _identity.Calls);
    }

    [Fact]
    public async Task One_that_ends_within_five_minutes_is_handed_out_no_more()
    {
        await Get();
        _identity.Fault = RegistryFailure.Unavailable("down");
        _time.Advance(Life - TimeSpan.FromMinutes(5) - Tick);
        Assert.Equal("1", await Get());
        await Eventually.True(() => _log.Lines.Count == 2, "it could not be renewed");
        _time.Advance(Tick);
        Assert.Equal("down", (await Failure()).Message);
    }

    [Fact]
    public async Task While_a_new_one_cannot_be_had_the_old_one_serves_and_every_two_seconds_somebody_tries()
    {
        await Get();
        _time.Advance(Life / 2);
        _identity.Fault = RegistryFailure.Unavailable("down");
        Assert.Equal("1", await Get());
        await Eventually.True(() => _log.Lines.Count == 2, "it could not be renewed");
        _time.Advance(TimeSpan.FromSeconds(2) - Tick);
        Assert.Equal("1", await Get());
        Assert.Equal(2, _identity.Calls);
        _time.Advance(Tick);
        Assert.Equal("1", await Get());
        await Eventually.True(() => _identity.Calls == 3, "somebody tries");
    }

    [Fact]
    public async Task A_failure_is_the_answer_for_two_seconds()
    {
        _identity.Fault = RegistryFailure.Refused("who are you?");
        Assert.Equal((FailureKind.Refused, "who are you?"), ((await Failure()).Kind, (await Failure()).Message));
        _time.Advance(TimeSpan.FromSeconds(2) - Tick);
        await Failure();
        Assert.Equal(1, _identity.Calls);
        Assert.Equal("No session at door.example: who are you?", Assert.Single(_log.Lines));
        _identity.Fault = null;
        _time.Advance(Tick);
        Assert.Equal("2", await Get());
    }

    [Fact]
    public async Task What_no_identity_expects_is_told_like_the_rest()
    {
        _identity.Thrown = new InvalidOperationException("no such key");
        var failure = await Failure();
        Assert.Equal((FailureKind.Unavailable, "the login at door.example failed: no such key"), (failure.Kind, failure.Message));
    }

    [Fact]
    public async Task A_proof_that_does_not_end_is_given_up_in_time()
    {
        _identity.Held = new TaskCompletionSource();
        var failed = Failure();
        await Eventually.True(() => _identity.Calls == 1, "it proves itself");
        _time.Advance(_session.Timeout);
        Assert.Equal("the login at door.example failed: no answer within 7 s", (await failed).Message);
    }

    [Fact]
    public async Task Who_goes_away_ends_nothing_for_the_others()
    {
        _identity.Held = new TaskCompletionSource();
        using var gone = new CancellationTokenSource();
        var (one, two) = (_session.Get(gone.Token).AsTask(), Get());
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        _identity.Held.SetResult();
        Assert.Equal("1", await two);
    }

    [Fact]
    public async Task One_that_was_not_taken_is_forgotten_unless_it_has_been_replaced()
    {
        var first = await Credential();
        _session.Forget(first);
        Assert.Equal("2", await Get());
        _session.Forget(first);
        Assert.Equal("2", await Get());
        Assert.Equal(2, _identity.Calls);
    }

    [Fact]
    public async Task One_that_was_just_made_is_confirmed_unasked()
    {
        Assert.Equal("1", await Confirmed());
        Assert.Equal(0, _door.Calls);
    }

    [Theory]
    [InlineData(HttpStatusCode.OK, "1")]
    [InlineData(HttpStatusCode.ServiceUnavailable, "1")]
    [InlineData(HttpStatusCode.Unauthorized, "2")]
    [InlineData(HttpStatusCode.BadRequest, "2")]
    public async Task One_of_before_is_confirmed_by_the_front_door_and_replaced_where_that_refuses_it(HttpStatusCode status, string number)
    {
        await Get();
        _time.Advance(TimeSpan.FromMinutes(1));
        _door.Status = status;
        Assert.Equal(number, await Confirmed());
        Assert.Equal(1, _door.Calls);
    }

    [Fact]
    public async Task A_session_ends_in_time_and_is_confirmed_though_the_clock_was_set_back_behind_the_login()
    {
        var clock = new SetClock(_time);
        var identity = new Identity(number => new("session", new Secret($"{number}"), clock.GetUtcNow(), clock.GetUtcNow() + Life));
        var session = new RegistrySession(
            new RegistryTokenClient(new Uri("https://door.example"), _http, clock), identity, _metrics, clock, _log);
        Assert.Equal("1", NumberOf(await session.Get(default)));
        clock.Off = TimeSpan.FromDays(-400);
        _time.Advance(TimeSpan.FromMinutes(1));
        _door.Status = HttpStatusCode.OK;
        Assert.Equal("1", NumberOf(await session.GetConfirmed(default)));
        Assert.Equal(1, _door.Calls);
        _time.Advance(Life);
        Assert.Equal("2", NumberOf(await session.Get(default)));
        clock.Off = TimeSpan.FromDays(400);
        Assert.Equal("3", NumberOf(await session.Get(default)));
    }

    [Fact]
    public async Task Where_there_is_none_nothing_is_confirmed()
    {
        _identity.Fault = RegistryFailure.NoProof("no document");
        Assert.False((await _session.GetConfirmed(default)).Succeeded(out _, out var failure));
        Assert.Equal(FailureKind.NoProof, failure.Kind);
        Assert.Equal(0, _door.Calls);
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound, "default backend - 404")]
    [InlineData(HttpStatusCode.Forbidden, "<html>Forbidden</html>")]
    [InlineData(HttpStatusCode.BadRequest, "")]
    [InlineData(HttpStatusCode.Unauthorized, "{}")]
    [InlineData(HttpStatusCode.Unauthorized, "[1]")]
    [InlineData(HttpStatusCode.Redirect, "")]
    public async Task What_something_before_the_front_door_answers_ends_no_session(HttpStatusCode status, string body)
    {
        await Get();
        _time.Advance(Tick);
        (_door.Status, _door.Body) = (status, body);
        Assert.Equal("1", await Confirmed());
        Assert.Equal("1", await Get());
        var client = new RegistryTokenClient(new Uri("https://door.example"), _http, _time);
        Assert.False((await client.Nonce("nodes", default)).Succeeded(out _, out var failure));
        Assert.Equal(FailureKind.Unavailable, failure.Kind);
        Assert.Contains("is no RegistryProxy", failure.Message);
    }

    private static string NumberOf(Outcome<RegistryCredential> outcome) =>
        outcome.Succeeded(out var credential, out var failure) ? credential.Password.Reveal() : failure.Message;

    private async Task<string> Get() => NumberOf(await _session.Get(default));

    private async Task<string> Confirmed() => NumberOf(await _session.GetConfirmed(default));

    private async Task<RegistryCredential> Credential()
    {
        Assert.True((await _session.Get(default)).Succeeded(out var credential, out _));
        return credential;
    }

    private async Task<RegistryFailure> Failure()
    {
        Assert.False((await _session.Get(default)).Succeeded(out _, out var failure));
        return failure;
    }

    /// <summary>Gives numbered credentials, when and while it is told to.</summary>
    private sealed class Identity(Func<int, RegistryCredential> make) : IIdentity
    {
        private int _calls;

        public RegistryFailure? Fault { get; set; }

        public Exception? Thrown { get; set; }

        public TaskCompletionSource? Held { get; set; }

        public int Calls => Volatile.Read(ref _calls);

        public TimeSpan Timeout => TimeSpan.FromSeconds(7);

        public async Task<Outcome<RegistryCredential>> LogIn(RegistryTokenClient registry, CancellationToken cancellation)
        {
            var number = Interlocked.Increment(ref _calls);
            await (Held?.Task.WaitAsync(cancellation) ?? Task.CompletedTask);
            if (Thrown is not null)
            {
                throw Thrown;
            }

            if (Fault is not null)
            {
                return Fault;
            }

            return make(number);
        }
    }

    /// <summary>A front door that answers every request in one way.</summary>
    private sealed class Door : HttpMessageHandler
    {
        public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

        /// <summary>A token, with which every answer that is no error comes; or the error of a front door.</summary>
        public string Body { get; set; } = """{"token":"t","errors":[{"code":"DENIED","message":"no"}]}""";

        public int Calls { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Calls++;
            return Task.FromResult(new HttpResponseMessage(Status) { Content = new StringContent(Body) });
        }
    }
}
