using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Writes that never end cost the others nothing.</summary>
public sealed class WriteWatchTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Unfinished_writes_are_looked_through_once_a_minute_however_many_there_are()
    {
        var watch = new WriteWatch(_time);
        for (var second = 0; second < 180; second++)
        {
            for (var i = 0; i < 100; i++)
            {
                watch.Note(Target($"{second}-{i}"), isFinished: false);
            }

            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(watch.Sweeps, 1, 3);
        Assert.InRange(watch.Unfinished, 6000, 12_100);
        watch.Note(Target("last"), isFinished: false);
        watch.Note(Target("last"), isFinished: true);
        _time.Advance(TimeSpan.FromMinutes(2));
        watch.Note(Target("next"), isFinished: false);
        Assert.Equal(1, watch.Unfinished);
    }

    private static WriteTarget Target(string tag) =>
        new("https://up.example", RepositoryName.Parse("a/b"), ManifestReference.Of(Tag.TryParse(tag, out var parsed) ? parsed : throw new FormatException(tag)));
}
