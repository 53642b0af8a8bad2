using Orleans.Storage;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Grains.Identity.Nonces;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Running;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.State;

namespace RegistryProxy.Tests.Grains;

/// <summary>
/// Seeded courses over a storage that fails and silos that die: what was confirmed holds, whatever came before and after it.
/// </summary>
[Campaign]
public sealed class StateScheduleTests
{
    private static readonly TokenConfiguration Tokens = new()
    {
        AccessLifetime = TimeSpan.FromMinutes(1), KeyRotation = TimeSpan.FromMinutes(2)
    };

    private static int Schedules => Sizes.Of(200, 10_000);

    [Fact]
    public void Who_was_revoked_is_out_and_who_was_let_in_is_known()
    {
        var (granted, revoked) = (0, 0);
        for (var seed = 0; seed < Schedules; seed++)
        {
            var schedule = new SessionSchedule(seed);
            try
            {
                schedule.Run();
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"seed {seed}", fault);
            }

            (granted, revoked) = (granted + schedule.Granted, revoked + schedule.Revoked);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{Schedules} courses: {granted} sessions granted, {revoked} of them ended");
        Assert.True(granted > 5 * Schedules && revoked > Schedules, $"{granted} granted, {revoked} revoked");
    }

    [Fact]
    public void No_key_that_signed_is_lost() => RunAll<KeyRing>("keys", (course, record) =>
    {
        List<(string Id, DateTimeOffset Until)> signed = [];
        course.Each(5, step =>
        {
            var now = course.Now;
            if (course.Try(() => Ring(record(), now)) is { } ring)
            {
                signed.Add((ring.Active!.Id, now + Tokens.AccessLifetime));
                Holds(ring, signed, now);
            }

            course.Pass(TimeSpan.FromSeconds(step % 50));
        });
        Holds(course.Try(() => Ring(record(), course.Now))!, signed, course.Now);
    });

    [Fact]
    public void An_instance_stays_bound_to_its_first_nonce() => RunAll<Attestation>("attestation", (course, record) =>
    {
        string? bound = null;
        course.Each(4, step =>
        {
            var hash = $"h{step % 3}";
            var accepted = course.Try(async () =>
                await record().Change(known => known.Present(hash, course.Start, TimeSpan.FromDays(1), isFresh: true))
                    == AttestationOutcome.Accepted ? hash : "");
            Assert.True(string.IsNullOrEmpty(accepted) || bound is null || bound == accepted, $"bound to {bound}, and now to {accepted}");
            bound = string.IsNullOrEmpty(accepted) ? bound : accepted;
        });
        Assert.True(bound is null || course.Try(async () => await record().Get())!.NonceHash == bound);
    });

    [Fact]
    public void A_revision_never_goes_back() => RunAll<RevisionState>("revision", (course, record) =>
    {
        var highest = 0L;
        course.Each(4, step =>
        {
            var offered = new ClusterRevision(step, $"{step}", new Secret(""));
            var followed = course.Try(() => record().Change(known =>
                known.Followed?.Revision >= offered.Revision ? (known, known.Followed)
                    : (new RevisionState { Followed = offered }, offered)));
            Assert.True(followed is null || followed.Revision >= highest);
            highest = followed?.Revision ?? highest;
        });
        Assert.True(course.Try(async () => await record().Get())!.Followed?.Revision >= highest || highest == 0);
    });

    private static async Task<KeyRing> Ring(Stored<KeyRing> record, DateTimeOffset now) => await record.Change(ring =>
    {
        var next = KeyRotation.Turn(ring, Tokens, now);
        return (next, next);
    });

    private static void Holds(KeyRing ring, List<(string Id, DateTimeOffset Until)> signed, DateTimeOffset now)
    {
        var known = ring.Retired.Append(ring.Active!).Select(key => key.Id).ToHashSet();
        Assert.All(signed.Where(key => key.Until > now), key => Assert.Contains(key.Id, known));
    }

    private static void RunAll<T>(string name, Action<Course, Func<Stored<T>>> run)
        where T : class, new()
    {
        for (var seed = 0; seed < Schedules; seed++)
        {
            var course = new Course(seed);
            Stored<T>? record = null;
            course.Died = () => record = null;
            try
            {
                run(course, () => record ??= new Stored<T>(
                    course.Way, name, GrainId.Create("grain", "0"), course.Thread.Time) { Outdated = () => record = null });
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"seed {seed}", fault);
            }
        }
    }

    /// <summary>A storage with its weather, and the silos that come and go.</summary>
    private sealed class Course
    {
        private readonly Random _random;
        private readonly FaultyStorage _storage;

        public Course(int seed)
        {
            _random = new Random(seed);
            _storage = new FaultyStorage(Thread.Time, _random);
            (Start, Way) = (Now, new MortalStorage(_storage));
        }

        public VirtualThread Thread { get; } = new();

        public DateTimeOffset Start { get; }

        public DateTimeOffset Now => Thread.Time.GetUtcNow();

        public MortalStorage Way { get; private set; }

        public Action Died { get; set; } = () => { };

        public void Pass(TimeSpan time) => Thread.Pass(time);

        /// <summary>Steps in bad weather and deaths, and a quiet end.</summary>
        public void Each(int rounds, Action<int> step)
        {
            for (var i = 0; i < rounds * 10; i++)
            {
                _storage.Trouble = _random.Next(3) switch { 0 => 0, 1 => 0.3, _ => 0.8 };
                step(_random.Next(1, 1000));
                if (_random.Next(5) == 0)
                {
                    Kill();
                }
            }

            _storage.Trouble = 0;
            Kill();
            Thread.Pass(TimeSpan.FromSeconds(30));
        }

        /// <summary>The outcome; <c>null</c> for who was told that it failed.</summary>
        public T? Try<T>(Func<Task<T>> work)
            where T : class?
        {
            var task = Thread.Begin(async () =>
            {
                try
                {
                    return await work();
                }
                catch (Exception fault) when (fault is StateUnavailableException or InconsistentStateException)
                {
                    return null;
                }
            });
            Thread.Finish(task);
            return task.GetAwaiter().GetResult();
        }

        private void Kill()
        {
            Way.Die();
            Way = new MortalStorage(_storage);
            Died();
        }
    }
}
