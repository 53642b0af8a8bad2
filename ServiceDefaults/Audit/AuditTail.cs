namespace RegistryProxy.ServiceDefaults.Audit;

/// <summary>
/// The newest lines of the audit log of each tenant, in memory, for its administrators. Added to by the writer of the log, beside the
/// requests.
/// </summary>
public sealed class AuditTail(TimeProvider time)
{
    /// <summary>The most lines of a tenant.</summary>
    private const int MaxLines = 2000;

    /// <summary>What the lines of a tenant may weigh, in bytes.</summary>
    private const int MaxTenantBytes = 1024 * 1024;

    /// <summary>What all lines may weigh, in bytes: of the tenant that wrote least lately they go first.</summary>
    private const int MaxBytes = 64 * 1024 * 1024;

    /// <summary>Beside its text.</summary>
    private const int LineOverhead = 100;

    /// <summary>How old a line gets here.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromDays(1);

    /// <summary>How often those are looked for of whom nothing was written.</summary>
    private static readonly TimeSpan Tidying = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, TenantLines> _tenants = [];
    private DateTimeOffset _since = time.GetUtcNow();
    private DateTimeOffset _tidied;
    private long _bytes;
    private int _lost;

    /// <summary>Events were lost before they came here, of whichever tenants: nothing is known to be whole until now. Never waits.</summary>
    public void Lose() => Volatile.Write(ref _lost, 1);

    /// <summary>Adds a line.</summary>
    public void Keep(string tenant, DateTimeOffset at, ReadOnlySpan<byte> line)
    {
        lock (_gate)
        {
            if (!_tenants.TryGetValue(tenant, out var known))
            {
                _tenants[tenant] = known = new TenantLines(_since);
            }

            known.Add(new AuditTailLine(at, line.ToArray()));
            _bytes += line.Length + LineOverhead;
            while (known.Count > MaxLines || known.Bytes > MaxTenantBytes)
            {
                _bytes -= known.DropOldest();
            }

            Tidy(at);
        }
    }

    /// <summary>What there is of a tenant.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="since">Not before.</param>
    /// <param name="maxBytes">What the lines may weigh together: the newest count.</param>
    public AuditTailLines Read(string tenant, DateTimeOffset since, long maxBytes = MaxTenantBytes)
    {
        // The writer of the log waits no longer than it takes to copy the references.
        AuditTailLine[] lines;
        DateTimeOffset complete;
        lock (_gate)
        {
            Tidy(time.GetUtcNow());
            if (!_tenants.TryGetValue(tenant, out var known))
            {
                return new AuditTailLines(_since, []);
            }

            (lines, complete) = ([.. known.Lines], known.Since);
        }

        return Newest([.. lines.Where(line => line.At >= since)], complete, maxBytes);
    }

    private static AuditTailLines Newest(AuditTailLine[] lines, DateTimeOffset complete, long maxBytes)
    {
        var first = lines.Length;
        while (first > 0 && lines[first - 1].Json.Length <= maxBytes)
        {
            maxBytes -= lines[--first].Json.Length;
        }

        var cut = first > 0 ? lines[first - 1].At : DateTimeOffset.MinValue;
        return new AuditTailLines(cut > complete ? cut : complete, lines[first..]);
    }

    private void Tidy(DateTimeOffset now)
    {
        if (Interlocked.Exchange(ref _lost, 0) != 0)
        {
            _since = time.GetUtcNow();
            foreach (var lines in _tenants.Values)
            {
                lines.Lack(_since);
            }
        }

        if (now - _tidied >= Tidying)
        {
            _tidied = now;
            foreach (var (tenant, lines) in _tenants.ToList())
            {
                while (lines.Count > 0 && now - lines.Oldest > Life)
                {
                    _bytes -= lines.DropOldest();
                }

                Forget(tenant, lines, lines.Count == 0);
            }
        }

        while (_bytes > MaxBytes)
        {
            var (tenant, lines) = _tenants.MinBy(one => one.Value.Newest);
            Forget(tenant, lines, true);
        }
    }

    private void Forget(string tenant, TenantLines lines, bool isGiven)
    {
        if (isGiven)
        {
            _tenants.Remove(tenant);
            _bytes -= lines.Bytes;
            _since = lines.Newest > _since ? lines.Newest : _since;
        }
    }

    private sealed class TenantLines(DateTimeOffset since)
    {
        private readonly Queue<AuditTailLine> _lines = [];

        public IEnumerable<AuditTailLine> Lines => _lines;

        public int Count => _lines.Count;

        public long Bytes { get; private set; }

        /// <summary>Since when nothing of it is lacking.</summary>
        public DateTimeOffset Since { get; private set; } = since;

        public DateTimeOffset Oldest => _lines.Peek().At;

        public DateTimeOffset Newest { get; private set; } = since;

        public void Add(AuditTailLine line)
        {
            _lines.Enqueue(line);
            (Bytes, Newest) = (Bytes + line.Json.Length + LineOverhead, line.At);
        }

        /// <summary>Something of it may be lacking until a moment.</summary>
        public void Lack(DateTimeOffset until) => Since = until;

        public long DropOldest()
        {
            var line = _lines.Dequeue();
            var weight = line.Json.Length + LineOverhead;
            (Bytes, Since) = (Bytes - weight, line.At > Since ? line.At : Since);
            return weight;
        }
    }
}

/// <summary>A line of the audit log.</summary>
/// <param name="At">When.</param>
/// <param name="Json">The line, without its end.</param>
public sealed record AuditTailLine(DateTimeOffset At, byte[] Json);

/// <summary>What there is of a tenant.</summary>
/// <param name="Since">After this moment nothing is lacking.</param>
/// <param name="Lines">The oldest first.</param>
public sealed record AuditTailLines(DateTimeOffset Since, IReadOnlyList<AuditTailLine> Lines);
