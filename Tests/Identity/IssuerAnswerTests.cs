using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Identity.Issuers;

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
        var late = new TaskCompletionSource<string>();
        _issuer = () => late.Task;
        _time.Advance(TimeSpan.FromSeconds(5));
        using var gone = new CancellationTokenSource();
        var impatient = answer.Get(_ => true, gone.Token).AsTask();
        var patient = Get(answer, "k1");
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        late.SetResult("k3");
        Assert.Equal("k3", await patient);
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
