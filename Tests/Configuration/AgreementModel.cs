using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>Silos whose files have no revision, and what their cluster keeps, on virtual time.</summary>
internal sealed class AgreementModel : IRevisionGrain
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));

    public AgreementModel(int silos, AgreementTexts texts, bool arePods = false)
    {
        (Texts, ArePods) = (texts, arePods);
        Silos = [.. Enumerable.Range(0, silos).Select(number => new ModelSilo(this, number, _time))];
    }

    public AgreementTexts Texts { get; }

    public IReadOnlyList<ModelSilo> Silos { get; }

    /// <summary>Whether silos are pods of one Deployment, and each restart is another pod.</summary>
    public bool ArePods { get; }

    /// <summary>What is kept of the files of pods.</summary>
    public SiloFileState FileOfPods { get; set; } = new();

    public FakeTimeProvider Clock => _time;

    public RevisionState State { get; private set; } = new();

    /// <summary>The revision of what was in force first.</summary>
    public long First { get; private set; }

    /// <summary>Whether the next change is made, and nobody hears of it.</summary>
    public bool LosesAnswer { get; set; }

    /// <summary>What was ever in force, in its order.</summary>
    public List<string> InForce { get; } = [];

    /// <summary>What operators accepted.</summary>
    public HashSet<string> Accepted { get; } = [];

    public ValueTask<RevisionAnswer> Compare(long revision, string content) => new(State.Answer(revision, content, Now));

    public ValueTask<RevisionAnswer> Offer(ClusterRevision offered) => Change(state => state.Offer(offered, Now), offered);

    public ValueTask<RevisionAnswer> Propose(ClusterRevision proposed, string former) =>
        Change(state => state.Propose(proposed, former, Now), proposed);

    public ValueTask<FollowedContent> Accept(string content)
    {
        Approve(content);
        return Followed();
    }

    /// <summary>An operator accepts a text.</summary>
    public void Approve(string content)
    {
        Accepted.Add(content);
        State = State.Accept(content, Now);
    }

    public ValueTask<FollowedContent> Followed() => 
        new(new FollowedContent(State.Followed?.Revision ?? 0, State.Followed?.Content ?? ""));

    /// <summary>Time goes by, and silos that reach the storage agree, in an order of chance.</summary>
    public void Pass(Random random, double seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        foreach (var silo in Silos.OrderBy(_ => random.Next()).Where(silo => !silo.IsCut))
        {
            silo.Agree();
        }
    }

    private DateTimeOffset Now => _time.GetUtcNow();

    private ValueTask<RevisionAnswer> Change(Func<RevisionState, RevisionState> change, ClusterRevision offered)
    {
        var before = State.Followed;
        State = change(State);
        if (State.Followed!.Content != before?.Content)
        {
            Assert.True(State.Followed.Revision > (before?.Revision ?? 0), "the revision rises");
            Assert.True(!InForce.Contains(State.Followed.Content) || Accepted.Remove(State.Followed.Content), "nothing comes back by itself");
            InForce.Add(State.Followed.Content);
            First = First == 0 ? State.Followed.Revision : First;
        }

        if (LosesAnswer)
        {
            LosesAnswer = false;
            throw new TimeoutException("the answer was lost");
        }

        return new(State.Tell(offered.Revision, offered.Content, Now));
    }
}

/// <summary>Files that differ, read once.</summary>
internal sealed class AgreementTexts : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<ConfigurationSnapshot> _snapshots = [];

    public string Path => _folder.File("config.yaml");

    public ConfigurationSnapshot this[int number]
    {
        get
        {
            while (_snapshots.Count <= number)
            {
                var path = _folder.Write("config.yaml", $$"""
                    upstreams: { hub: { url: "https://hub-{{_snapshots.Count}}.example" } }
                    tenants: { all: { hosts: ["*"], routes: [ { prefix: "", upstream: hub } ] } }
                    """);
                _snapshots.Add(ConfigurationFile.Read(path).Snapshot!);
            }

            return _snapshots[number];
        }
    }

    public string ContentOf(int number) => SharedSections.Of(this[number]).Content;

    public void Dispose() => _folder.Dispose();
}

/// <summary>A silo, the file of its machine and what is kept of that.</summary>
internal sealed class ModelSilo : IConfigurationFeed, ISiloFileGrain
{
    private readonly AgreementModel _cluster;
    private readonly FakeTimeProvider _time;
    private readonly string _name;
    private SiloFileState _fileOfMachine = new();
    private FileHistory _history;
    private long _highest;

    public ModelSilo(AgreementModel cluster, int number, FakeTimeProvider time)
    {
        (_cluster, _time, _name) = (cluster, time, $"silo {number}");
        Current = cluster.Texts[0];
        Feed = Start(out _history);
    }

    public event Action? Changed;

    public ConfigurationSnapshot Current { get; private set; }

    public RevisionFeed Feed { get; private set; }

    /// <summary>Whether it reaches nobody.</summary>
    public bool IsCut { get; set; }

    /// <summary>What it serves by.</summary>
    public string Serves => SharedSections.Of(Feed.Current).Content;

    public void Edit(int text)
    {
        Current = _cluster.Texts[text];
        Changed?.Invoke();
        Check();
    }

    /// <summary>Something beside the file that belongs to it has come.</summary>
    public void Reread() => Changed?.Invoke();

    public void Restart()
    {
        Changed = null;
        Feed = Start(out _history);
    }

    public void Agree()
    {
        try
        {
            new RevisionAgreement(Feed, _history).Agree(_cluster, this, () => Task.CompletedTask).AsTask().GetAwaiter().GetResult();
        }
        catch (TimeoutException)
        {
            // It tries again.
        }

        Check();
    }

    public ValueTask<string?> Get() => new(File.Content);

    public ValueTask Keep(string content)
    {
        File = File.Keep(content, _time.GetUtcNow());
        return default;
    }

    public ValueTask<string?> See(string content)
    {
        (File, var former) = File.See(content);
        return new(former);
    }

    private SiloFileState File
    {
        get => _cluster.ArePods ? _cluster.FileOfPods : _fileOfMachine;
        set => _ = _cluster.ArePods ? _cluster.FileOfPods = value : _fileOfMachine = value;
    }

    private RevisionFeed Start(out FileHistory history)
    {
        var feed = new RevisionFeed(this, _cluster.Texts.Path, _time);
        history = new FileHistory(feed, new FileSeries(_name, _cluster.ArePods), _time);
        return feed;
    }

    private void Check()
    {
        Assert.Null(Feed.Conflict);
        if (Feed.Settled.IsCompleted)
        {
            Assert.Contains(Serves, _cluster.InForce);
            Assert.True(Feed.Current.Configuration.Revision >= _highest, $"{_name} went back");
            _highest = Feed.Current.Configuration.Revision;
        }
    }
}
