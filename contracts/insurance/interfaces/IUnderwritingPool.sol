// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice A series of cover: all policies on one index over one window. Numbered from 1 by the policy book.
type SeriesId is uint64;

/// @notice Where a series stands.
enum SeriesState {
    /// @dev Not known to the pool.
    None,
    /// @dev On sale or at risk.
    Open,
    /// @dev The index paid: the loss is reserved, policies are being paid.
    Paying,
    /// @dev The data never came: the premiums are reserved, policies get them back.
    Refunding,
    /// @dev Nothing is owed any more.
    Closed
}

/// @notice A series as the pool keeps it, in one slot. Amounts in units (`unit()` base units of the asset each).
///
///     | 40 decidedAt | 8 state | 16 payoutBps | 32 cursor | 32 count | 64 premium | 64 exposure |
struct SeriesAccount {
    /// @notice Open: Σ sums insured. Paying, Refunding: what is still reserved.
    uint64 exposure;
    /// @notice Σ premiums of the policies in force.
    uint64 premium;
    /// @notice Policies ever sold; the next one gets this index.
    uint32 count;
    /// @notice Policies below this index are settled.
    uint32 cursor;
    /// @notice Share of each sum insured that is paid.
    uint16 payoutBps;
    SeriesState state;
    /// @notice When the index was decided, unix seconds.
    uint40 decidedAt;
}

/// @notice One policy as the pool sees it when it is sold or cancelled.
struct Cover {
    SeriesId series;
    /// @notice Where its premium is earned, as `accept` answered.
    uint8 window;
    uint32 zone;
    /// @notice Who pays the premium, or gets the refund.
    address party;
    uint64 exposureUnits;
    uint64 premiumUnits;
}

/// @notice One amount owed to one policy holder.
struct Payee {
    uint256 policyId;
    address holder;
    uint64 units;
}

/// @notice A request to leave, waiting for its turn.
struct WithdrawalTicket {
    address owner;
    /// @notice End of the cooldown.
    uint40 cooledAt;
    /// @notice Every series that was covered when the request was made has been settled by then.
    uint40 riskUntil;
    uint256 shares;
}

/// @title IUnderwritingPool
/// @notice A standard vault (ERC-4626) whose capital stands behind series of cover.
/// @dev Internal accounting: tokens sent here by themselves count for nothing. At all times
/// `totalAssets() = accounted − unearned premium − reserved for claims ≥ locked`.
/// Leaving takes a request, a cooldown and a turn in the queue; `withdraw` and `redeem` therefore always refuse.
interface IUnderwritingPool {
    /// @notice Cover ended early; `refund` of its premium went back to the holder.
    event CoverReleased(SeriesId indexed series, address indexed holder, uint64 exposureUnits, uint256 refund);
    /// @notice A series is carried by this pool; its premium is earned between `start` and `end`.
    event SeriesAccepted(SeriesId indexed series, uint40 start, uint40 end, uint256 window);
    /// @notice The series' outcome is known and its loss (or its premiums) set aside.
    event LossReserved(SeriesId indexed series, SeriesState state, uint16 payoutBps, uint64 reservedUnits);
    /// @notice Every policy of the series is settled; rounding dust went back to the pool.
    event SeriesClosed(SeriesId indexed series, uint64 dustUnits);
    /// @notice A policy was paid, or its payment credited because the transfer failed.
    event PolicyPaid(uint256 indexed policyId, address indexed holder, uint256 amount);
    /// @notice A transfer to `account` failed; the amount waits in `claimable`.
    event PaymentCredited(address indexed account, uint256 amount);
    /// @notice A credit was collected.
    event CreditClaimed(address indexed account, address indexed to, uint256 amount);
    /// @notice An investor asked to leave; the shares are in escrow and keep bearing gains and losses.
    event WithdrawalRequested(uint256 indexed ticket, address indexed owner, uint256 shares, uint40 cooledAt);
    /// @notice Shares of a ticket were burnt at the price of this moment.
    event WithdrawalServed(uint256 indexed ticket, address indexed owner, uint256 shares, uint256 assets);
    /// @notice The most the pool may cover at once changed.
    event PoolCapChanged(uint64 capUnits);
    /// @notice The most the pool may cover in one zone changed.
    event ZoneCapChanged(uint32 indexed zone, uint64 capUnits);

    /// @notice A layer paid `lossUnits` of a decided series to the pool it stands behind.
    event LayerDrawn(SeriesId indexed series, address indexed cedent, uint64 lossUnits);

    /// @notice The caller is neither the book nor the settlement this pool was built for.
    /// @dev Call through the policy book or the settlement contract.
    error PoolCallerUnknown(address caller);
    /// @notice The pool's free capital does not carry this sum.
    /// @dev Buy a smaller sum, or wait until investors have underwritten more.
    error PoolCapacityExceeded(uint256 wanted, uint256 available);
    /// @notice The series would grow beyond its cap.
    /// @dev Buy a smaller sum or another series.
    error PoolSeriesCapExceeded(SeriesId series, uint256 wanted, uint256 cap);
    /// @notice Too much would be at stake in one zone, where one event hits all.
    /// @dev Buy cover in another zone, or have the zone's cap raised.
    error PoolZoneCapExceeded(uint32 zone, uint256 wanted, uint256 cap);
    /// @notice The token delivered less than was sent: it keeps a fee, which exact accounts cannot bear.
    /// @dev Use a token that transfers in full.
    error PoolShortReceipt(uint256 expected, uint256 received);
    /// @notice The series is not in the state this step needs.
    /// @dev Look at `seriesOf(series).state` for what comes next.
    error PoolSeriesState(SeriesId series, SeriesState state);
    /// @notice All windows in which premium is earned are taken.
    /// @dev Share a window with another series, or wait until one has ended.
    error PoolWindowsFull();
    /// @notice There is nothing to request, claim or release.
    /// @dev Pass an amount above zero.
    error PoolNothingToDo();
    /// @notice The pool's accounts cannot hold this much.
    /// @dev Open another pool, or use a currency with fewer decimals.
    error PoolFull();
    /// @notice Too little gas is left to try another payment honestly.
    /// @dev Send more gas or settle fewer policies at a time.
    error PoolGasTooLow(uint256 left);
    /// @notice The premium would be more than the capital it pays for, in this pool or in one of its layers.
    /// @dev Quote less, or change the layers' share of the premium.
    error PoolPremiumTooHigh(uint256 premium, uint256 exposure);

    /// @notice Base units of the asset in one unit of the books: 10^(decimals − 6), or 1.
    function unit() external view returns (uint256);

    /// @notice The contract that sells policies; for a layer, the tower it stands in.
    function BOOK() external view returns (address); // solhint-disable-line func-name-mixedcase

    /// @notice The contract that settles them; for a layer, the pool it stands behind.
    function SETTLEMENT() external view returns (address); // solhint-disable-line func-name-mixedcase

    /// @notice The tower of layers behind this pool; zero for none.
    function TOWER() external view returns (address); // solhint-disable-line func-name-mixedcase

    /// @notice Number of series that are not decided yet.
    function openSeries() external view returns (uint256);

    /// @notice The series' account.
    function seriesOf(SeriesId series) external view returns (SeriesAccount memory account);

    /// @notice What the investors own and what of it is bound, in base units of the asset.
    /// @return accounted Everything the pool holds for investors, policies and claims.
    /// @return unearned Premium of time that has not passed yet.
    /// @return reserved Set aside for decided series.
    /// @return locked Σ sums insured of open series.
    function balances() external view returns (uint256 accounted, uint256 unearned, uint256 reserved, uint256 locked);

    /// @notice Capital that stands behind nothing: what may still be covered or withdrawn, in base units.
    function freeAssets() external view returns (uint256);

    /// @notice A waiting request.
    function ticketOf(uint256 ticket) external view returns (WithdrawalTicket memory);

    /// @notice First ticket waiting and the number the next request gets.
    function queue() external view returns (uint256 head, uint256 tail);

    /// @notice What failed payments have left for `account` to collect.
    function claimable(address account) external view returns (uint256);

    /// @notice Cap and current exposure of a zone, in units.
    function zoneOf(uint32 zone) external view returns (uint64 capUnits, uint64 exposureUnits);

    /// @notice The book's call: carries a new series.
    /// @param settleBy When the series is certainly decided, unix seconds.
    /// @return window Where the premium's earning is kept; the book hands it back with each sale.
    function accept(SeriesId series, uint40 start, uint40 end, uint40 settleBy) external returns (uint8 window);

    /// @notice The book's call: pulls the premium from `cover.party` and locks capital.
    /// @param seriesCapUnits The most the series may insure.
    /// @return index Number of the policy in its series.
    function write(Cover calldata cover, uint64 seriesCapUnits) external returns (uint32 index);

    /// @notice The book's call: ends one policy's cover and refunds part of its unearned premium to `cover.party`.
    /// @return refund What went back, in base units: never more than what is still unearned.
    function release(Cover calldata cover, uint64 refundUnits) external returns (uint256 refund);

    /// @notice The settlement's call: fixes the outcome and sets the loss aside, whatever the number of policies.
    /// @param refunding True when the data never came and the premiums go back.
    function decide(SeriesId series, uint32 zone, uint16 payoutBps, bool refunding) external;

    /// @notice The settlement's call: pays the next `advance` policies of a decided series.
    function pay(SeriesId series, uint32 advance, Payee[] calldata payees) external;

    /// @notice The tower's call to a layer: ends its part of a series and pays `lossUnits` to the pool it stands behind.
    function draw(SeriesId series, uint64 lossUnits) external;

    /// @notice Asks to leave with `shares`; they go into escrow.
    function requestWithdrawal(uint256 shares) external returns (uint256 ticket);

    /// @notice Serves up to `max` tickets in order, at today's price, from free capital. Anyone may call.
    function serveWithdrawals(uint256 max) external returns (uint256 served);

    /// @notice Collects the caller's credit, to any address.
    function claim(address to) external returns (uint256 amount);

    /// @notice Sets the most the pool may cover at once.
    function setPoolCap(uint64 capUnits) external;

    /// @notice Sets the most the pool may cover in `zone` (never 0: that is "no zone" and has no cap of its own).
    function setZoneCap(uint32 zone, uint64 capUnits) external;
}
