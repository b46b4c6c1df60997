// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Cover} from "../libraries/Covers.sol";
import {Decision} from "../libraries/Decisions.sol";

/// @notice A series of cover: all policies on one index over one window. Numbered from 1 by the policy book.
type SeriesId is uint64;

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
/// `totalAssets() = capital + earned premium` and `capital ≥ locked`: premium counts in the price of a share as its time
/// passes, and becomes capital, which can stand behind cover or be paid out to those who leave, when its window is over.
/// Leaving takes a request, a cooldown and a turn in the queue; `withdraw` and `redeem` therefore always refuse.
interface IUnderwritingPool {
    /// @notice A series is carried by this pool; its premium is earned between `start` and `end`.
    event SeriesAccepted(SeriesId indexed series, uint40 start, uint40 end, uint256 window);
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
    /// @notice Sales from this pool were paused or resumed. Payouts cannot be.
    event SalesPaused(bool paused);
    /// @notice A layer paid `lossUnits` of a decided series to the pool it stands behind.
    event LayerDrawn(SeriesId indexed series, address indexed cedent, uint256 lossUnits);

    /// @notice The caller is not the book this pool was built for.
    /// @dev Call through the policy book.
    error PoolCallerUnknown(address caller);
    /// @notice The pool's free capital does not carry this sum.
    /// @dev Buy a smaller sum, or wait until investors have underwritten more.
    error PoolCapacityExceeded(uint256 wanted, uint256 available);
    /// @notice Too much would be at stake in one zone, where one event hits all.
    /// @dev Buy cover in another zone, or have the zone's cap raised.
    error PoolZoneCapExceeded(uint32 zone, uint256 wanted, uint256 cap);
    /// @notice The token delivered less than was sent: it keeps a fee, which exact accounts cannot bear.
    /// @dev Use a token that transfers in full.
    error PoolShortReceipt(uint256 expected, uint256 received);
    /// @notice Sales from this pool are paused.
    /// @dev Wait until they are resumed; payouts go on.
    error PoolSalesPaused();
    /// @notice All windows in which premium is earned are taken.
    /// @dev Share a window with another series, or wait until one has ended.
    error PoolWindowsFull();
    /// @notice There is nothing to request, claim or release.
    /// @dev Pass an amount above zero.
    error PoolNothingToDo();
    /// @notice A settlement asks for more than is set aside.
    /// @dev Only a faulty book can meet this; nothing was paid.
    error PoolReserveExceeded(uint256 wantedUnits, uint256 reservedUnits);
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

    /// @notice The contract that sells and settles policies; for a layer, the tower it stands in.
    function BOOK() external view returns (address); // solhint-disable-line func-name-mixedcase

    /// @notice For a layer, the pool it stands behind, which alone gets its losses; zero for a pool of its own.
    function CEDENT() external view returns (address); // solhint-disable-line func-name-mixedcase

    /// @notice The tower of layers behind this pool; zero for none.
    function TOWER() external view returns (address); // solhint-disable-line func-name-mixedcase

    /// @notice Number of series that are not decided yet.
    function openSeries() external view returns (uint256);

    /// @notice Whether sales are paused.
    function salesPaused() external view returns (bool);

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

    /// @notice The book's call: pulls the premium from `payer` and locks capital.
    function write(SeriesId series, Cover cover, address payer) external;

    /// @notice The book's call: ends one policy's cover and refunds part of its unearned premium to `party`.
    /// @return refund What went back, in base units: never more than what is still unearned.
    function release(
        SeriesId series,
        Cover cover,
        address party,
        uint256 refundUnits
    ) external returns (uint256 refund);

    /// @notice The book's call: sets a decided series' loss aside, whatever the number of policies, and pays what is owed.
    /// @param payees One word a payment: | 32 free | 64 units | 160 holder |. A payment without holder is none.
    /// @param dustUnits What rounding left of a reserve whose last policy is paid: it goes back to the investors.
    function applyOutcome(SeriesId series, Decision decision, uint256[] calldata payees, uint256 dustUnits) external;

    /// @notice The tower's call to a layer: ends its part of a series and pays `lossUnits` to the pool it stands behind.
    function draw(SeriesId series, uint256 exposureUnits, uint256 lossUnits) external;

    /// @notice Asks to leave with `shares`; they go into escrow.
    function requestWithdrawal(uint256 shares) external returns (uint256 ticket);

    /// @notice Serves up to `max` tickets in order, at today's price, from free capital. Anyone may call.
    function serveWithdrawals(uint256 max) external returns (uint256 served);

    /// @notice Collects the caller's credit, to any address.
    function claim(address to) external returns (uint256 amount);

    /// @notice Sets the most the pool may cover at once.
    function setPoolCap(uint64 capUnits) external;

    /// @notice Pauses or resumes sales from this pool. Nothing else can be paused.
    function setSalesPaused(bool paused) external;

    /// @notice Sets the most the pool may cover in `zone` (never 0: that is "no zone" and has no cap of its own).
    function setZoneCap(uint32 zone, uint64 capUnits) external;
}
