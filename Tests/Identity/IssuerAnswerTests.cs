using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Identity.Issuers;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Identity;

/// <summary>How often an issuer is asked, and who waits for it.</summary>
public sealed class IssuerAnswerTests
{
    private readonly FakeTimeProvider _time = new();
    private Func<Task<string>> _issuer = () => Task.FromResult("k1");
    private int _questions;

    [Fact]
    public async Task Whoever_needs_what_is_not_known_waits_for_it_and_once_a_minute_it_is_asked_for()
    {
        var answer = Answer();
        Assert.Equal("k1", await Get(answer, "k1"));
        _issuer = () => Task.FromResult("k2");
        Assert.Equal("k1", await Get(answer, "k2"));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("k2", await Get(answer, "k2"));
        for (var made = 0; made < 100; made++)
        {
            Assert.Equal("k2", await Get(answer, "made up"));
        }

        Assert.Equal(2, _questions);
        _time.Advance(TimeSpan.FromHours(1));
        await Get(answer, "k2");
        Assert.Equal(3, _questions);
    }

    [Fact]
    public async Task One_question_is_silent_for_all_and_after_it_there_is_a_pause()
    {
        var silent = new TaskCompletionSource<string>();
        _issuer = () => silent.Task;
        var answer = Answer();
        var waiting = Enumerable.Range(0, 10).Select(_ => Get(answer, "k1")).ToList();
        silent.SetException(new HttpRequestException("no answer"));
        Assert.All(await Task.WhenAll(waiting), Assert.Null);
        for (var more = 0; more < 100; more++)
        {
            Assert.Null(await Get(answer, "k1"));
        }

        Assert.Equal((1, "no answer"), (_questions, answer.Problem));
        _issuer = () => Task.FromResult("k1");
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("k1", await Get(answer, "k1"));
    }

    [Fact]
    public async Task What_is_known_serves_while_the_issuer_is_away_and_a_caller_who_gives_up_ends_no_question()
    {
        var answer = Answer();
        await Get(answer, "k1");
        _issuer = () => Task.FromException<string>(new HttpRequestException("away"));
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Equal("k1", await Get(answer, "k1"));
        Assert.Equal("away", answer.Problem);
        var late = new TaskCompletionSource<string>();
        _issuer = () => late.Task;
        _time.Advance(TimeSpan.FromSeconds(5));
        using var gone = new CancellationTokenSource();
        var impatient = answer.Get(known => known == "k3", gone.Token).AsTask();
        var patient = Get(answer, "k3");
        Assert.Equal("k1", await Get(answer, "k1"));
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        late.SetResult("k3");
        Assert.Equal("k3", await patient);
    }

    [Fact]
    public async Task Nobody_waits_for_a_silent_issuer_who_can_do_with_what_is_known()
    {
        var answer = Answer();
        await Get(answer, "k1");
        var silent = new TaskCompletionSource<string>();
        _issuer = () => silent.Task;
        _time.Advance(TimeSpan.FromMinutes(61));
        Assert.True(Get(answer, "k1") is { IsCompletedSuccessfully: true, Result: "k1" });
        silent.SetResult("k2");
        await Eventually.True(() => Get(answer, "k2") is { IsCompletedSuccessfully: true, Result: "k2" }, "the answer is known");
        Assert.Equal(2, _questions);
        _issuer = () => Task.FromResult("k3");
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Equal("k3", await Get(answer, "k2"));
    }

    [Fact]
    public async Task The_pause_after_a_failure_begins_when_the_question_ends()
    {
        var silent = new TaskCompletionSource<string>();
        _issuer = () => silent.Task;
        var answer = Answer();
        var first = Get(answer, "k1");
        _time.Advance(TimeSpan.FromSeconds(5));
        silent.SetException(new HttpRequestException("no answer"));
        Assert.Null(await first);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Null(await Get(answer, "k1"));
        Assert.Equal(1, _questions);
        _issuer = () => Task.FromResult("k1");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("k1", await Get(answer, "k1"));
    }

    private IssuerAnswer<string> Answer() => new(
        _ =>
        {
            _questions++;
            return _issuer();
        },
        _time);

    private static Task<string?> Get(IssuerAnswer<string> answer, string wanted) =>
        answer.Get(known => known == wanted, TestContext.Current.CancellationToken).AsTask();
}
