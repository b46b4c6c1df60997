// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IUnderwritingPool, WithdrawalTicket} from "../interfaces/IUnderwritingPool.sol";
import {Ledger, Ledgers} from "../libraries/Ledgers.sol";

/// @title CapitalVault
/// @notice The investors' side of an underwriting pool: accounts, earning of premium, the queue to leave.
abstract contract CapitalVault is IUnderwritingPool, ERC4626, AccessManaged, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev | 88 free | 40 riskUntil | 32 tail | 32 head | 64 cap units |
    struct Config {
        uint64 cap;
        uint32 head;
        uint32 tail;
        uint40 riskUntil;
    }

    /// @dev A span of time over which premium is earned evenly; series with the same dates share one. When it is over,
    /// its premium becomes capital.
    struct Window {
        uint64 premium;
        uint40 start;
        uint40 end;
    }

    uint256 internal constant FULL_BPS = 10_000;
    uint8 private constant MAX_DECIMALS = 25;
    uint256 private constant MAX_WINDOWS = 16;
    /// @dev A failed payment counts as failed only while at least this much gas was left after it.
    uint256 private constant GAS_FLOOR = 50_000;

    /// @notice How long a request to leave waits at least.
    uint40 public immutable COOLDOWN;
    /// @dev Below 2^64, which is what a series keeps of it.
    uint256 internal immutable UNIT;

    /// @dev The accounts of every payment.
    Ledger internal _ledger;
    Config internal _config;
    Window[MAX_WINDOWS] internal _windows;
    mapping(uint256 ticket => WithdrawalTicket request) private _tickets;

    /// @inheritdoc IUnderwritingPool
    mapping(address account => uint256 amount) public claimable;

    constructor(
        IERC20 asset_,
        string memory name_,
        string memory symbol_,
        address manager,
        uint40 cooldown
    ) ERC20(name_, symbol_) ERC4626(asset_) AccessManaged(manager) {
        COOLDOWN = cooldown;
        uint8 assetDecimals = decimals() - _decimalsOffset();
        if (assetDecimals > MAX_DECIMALS) revert PoolFull();
        UNIT = assetDecimals > 6 ? 10 ** (assetDecimals - 6) : 1;
    }

    // ── read ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IUnderwritingPool
    function unit() external view returns (uint256) {
        return UNIT;
    }

    /// @inheritdoc IUnderwritingPool
    function balances() external view returns (uint256 accounted, uint256 unearned, uint256 reserved, uint256 locked) {
        Ledger ledger = _ledger;
        reserved = ledger.reserved() * UNIT;
        locked = ledger.locked() * UNIT;
        accounted = ledger.capital() + reserved;
        for (uint256 i; i < ledger.windows(); ++i) {
            Window memory window = _windows[i];
            accounted += window.premium * UNIT;
            unearned += _unearnedIn(window);
        }
    }

    /// @inheritdoc ERC4626
    function totalAssets() public view override returns (uint256 assets) {
        Ledger ledger = _ledger;
        assets = ledger.capital();
        for (uint256 i; i < ledger.windows(); ++i) {
            Window memory window = _windows[i];
            assets += window.premium * UNIT - _unearnedIn(window);
        }
    }

    /// @inheritdoc IUnderwritingPool
    function freeAssets() public view returns (uint256 assets) {
        Ledger ledger = _ledger;
        assets = ledger.capital() - ledger.locked() * UNIT;
        for (uint256 i; i < ledger.windows(); ++i) if (_isOver(_windows[i])) assets += _windows[i].premium * UNIT;
    }

    /// @inheritdoc IUnderwritingPool
    function openSeries() external view returns (uint256) {
        return _ledger.openSeries();
    }

    /// @inheritdoc IUnderwritingPool
    function salesPaused() external view returns (bool) {
        return _ledger.isPaused();
    }

    /// @inheritdoc IUnderwritingPool
    function ticketOf(uint256 ticket) external view returns (WithdrawalTicket memory) {
        return _tickets[ticket];
    }

    /// @inheritdoc IUnderwritingPool
    function queue() external view returns (uint256 head, uint256 tail) {
        return (_config.head, _config.tail);
    }

    /// @notice What the accounts still have room for.
    function maxDeposit(address) public view override returns (uint256) {
        return Ledgers.MAX_CAPITAL - _ledger.capital();
    }

    /// @notice What the accounts still have room for, in shares.
    function maxMint(address receiver) public view override returns (uint256) {
        return _convertToShares(maxDeposit(receiver), Math.Rounding.Floor);
    }

    /// @notice Zero: leaving goes through `requestWithdrawal` and `serveWithdrawals`.
    function maxWithdraw(address) public pure override returns (uint256) {
        return 0;
    }

    /// @notice Zero: leaving goes through `requestWithdrawal` and `serveWithdrawals`.
    function maxRedeem(address) public pure override returns (uint256) {
        return 0;
    }

    /// @notice Refuses: see `maxWithdraw`.
    function withdraw(uint256 assets, address, address owner) public pure override returns (uint256) {
        revert ERC4626ExceededMaxWithdraw(owner, assets, 0);
    }

    /// @notice Refuses: see `maxRedeem`.
    function redeem(uint256 shares, address, address owner) public pure override returns (uint256) {
        revert ERC4626ExceededMaxRedeem(owner, shares, 0);
    }

    // ── write ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IUnderwritingPool
    function requestWithdrawal(uint256 shares) external nonReentrant returns (uint256 ticket) {
        if (shares == 0) revert PoolNothingToDo();
        Config memory config = _config;
        ticket = config.tail;
        _config.tail = config.tail + 1;
        uint40 cooledAt = uint40(block.timestamp) + COOLDOWN;
        _tickets[ticket] = WithdrawalTicket(msg.sender, cooledAt, config.riskUntil, shares);
        _transfer(msg.sender, address(this), shares);
        emit WithdrawalRequested(ticket, msg.sender, shares, cooledAt);
    }

    /// @inheritdoc IUnderwritingPool
    function serveWithdrawals(uint256 max) external nonReentrant returns (uint256 served) {
        _ledger = _fold(_ledger);
        Config memory config = _config;
        uint256 head = config.head;
        for (; served < max && head < config.tail; ++served) {
            if (!_serve(head)) break;
            ++head;
        }
        _config.head = uint32(head);
    }

    /// @inheritdoc IUnderwritingPool
    function claim(address to) external nonReentrant returns (uint256 amount) {
        amount = claimable[msg.sender];
        if (amount == 0) revert PoolNothingToDo();
        claimable[msg.sender] = 0;
        IERC20(asset()).safeTransfer(to, amount);
        emit CreditClaimed(msg.sender, to, amount);
    }

    /// @inheritdoc IUnderwritingPool
    function setPoolCap(uint64 capUnits) external restricted {
        _config.cap = capUnits;
        _ledger = _ledger.withCapped(capUnits != type(uint64).max);
        emit PoolCapChanged(capUnits);
    }

    /// @inheritdoc IUnderwritingPool
    function setSalesPaused(bool paused) external restricted {
        _ledger = _ledger.withPaused(paused);
        emit SalesPaused(paused);
    }

    // ── internal ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Premium of time to come, in base units, rounded up: nobody is paid from what is not earned.
    function _unearnedIn(Window memory window) internal view returns (uint256) {
        if (window.premium == 0 || block.timestamp >= window.end) return 0;
        uint256 premium = window.premium * UNIT;
        if (block.timestamp <= window.start) return premium;
        return Math.ceilDiv(premium * (window.end - block.timestamp), window.end - window.start);
    }

    /// @dev Nothing can be cancelled any more, so that its premium stays where it is.
    function _isOver(Window memory window) internal view returns (bool) {
        return block.timestamp > window.end;
    }

    /// @dev The premium of the windows that are over becomes capital. The share's price does not change.
    function _fold(Ledger ledger) internal returns (Ledger) {
        uint256 count = ledger.windows();
        for (uint256 i; i < count; ++i) {
            Window memory window = _windows[i];
            if (window.premium == 0 || !_isOver(window)) continue;
            ledger = ledger.withCapital(ledger.capital() + window.premium * UNIT);
            _windows[i].premium = 0;
        }
        return ledger;
    }

    /// @dev Finds the window of these dates, or a free or past one for it.
    function _windowFor(Ledger ledger, uint40 start, uint40 end) internal returns (Ledger, uint8) {
        ledger = _fold(ledger);
        uint256 count = ledger.windows();
        uint256 chosen = count;
        for (uint256 i; i < count; ++i) {
            Window memory window = _windows[i];
            if (window.start == start && window.end == end) return (ledger, uint8(i));
            if (_isOver(window)) chosen = i;
        }
        if (chosen == MAX_WINDOWS) revert PoolWindowsFull();
        _windows[chosen] = Window(0, start, end);
        if (chosen == count) ledger = ledger.withWindows(count + 1);
        return (ledger, uint8(chosen));
    }

    /// @dev Binds capital: neither premium of windows that are not over nor the premium paid for this cover counts.
    /// What is ceded needs no capital here; by rounding it can be a unit more than what is written.
    function _lock(Ledger ledger, uint256 exposureUnits, uint256 cededUnits) internal returns (Ledger) {
        uint256 wanted = ledger.locked() + exposureUnits - cededUnits;
        uint256 limit = ledger.capital() / UNIT;
        if (wanted > limit) {
            ledger = _fold(ledger);
            limit = ledger.capital() / UNIT;
        }
        if (ledger.isCapped()) limit = Math.min(limit, _config.cap);
        if (wanted > limit) revert PoolCapacityExceeded(wanted, limit);
        return ledger.withLocked(wanted);
    }

    /// @dev Takes `premiumUnits` out of a window; what of it was unearned, in base units.
    function _leaveWindow(uint256 index, uint64 premiumUnits) internal returns (uint256 unearned) {
        Window memory window = _windows[index];
        unearned = _unearnedIn(window);
        window.premium -= premiumUnits;
        _windows[index] = window;
        unearned -= _unearnedIn(window);
    }

    /// @dev Serves one ticket, whole or as far as free capital goes. True when it is done with.
    function _serve(uint256 ticket) private returns (bool done) {
        WithdrawalTicket memory request = _tickets[ticket];
        if (block.timestamp < request.cooledAt) return false;
        Ledger ledger = _ledger;
        if (block.timestamp < request.riskUntil && ledger.locked() != 0) return false;

        uint256 free = ledger.capital() - ledger.locked() * UNIT;
        uint256 shares = request.shares;
        uint256 assets = previewRedeem(shares);
        done = assets <= free;
        if (done) {
            delete _tickets[ticket];
        } else {
            shares = _convertToShares(free, Math.Rounding.Floor);
            if (shares == 0) return false;
            assets = previewRedeem(shares);
            _tickets[ticket].shares = request.shares - shares;
        }
        _burn(address(this), shares);
        _ledger = ledger.withCapital(ledger.capital() - assets);
        emit WithdrawalServed(ticket, request.owner, shares, assets);
        emit Withdraw(msg.sender, request.owner, request.owner, assets, shares);
        _send(request.owner, assets);
    }

    /// @dev ERC-4626 deposits: what arrives is measured.
    function _transferIn(address from, uint256 assets) internal override nonReentrant {
        _ledger = _ledger.withCapital(_ledger.capital() + assets);
        _pull(from, assets);
    }

    function _pull(address from, uint256 amount) internal {
        if (amount == 0) return;
        IERC20 token = IERC20(asset());
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(from, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received < amount) revert PoolShortReceipt(amount, received);
    }

    /// @dev Pays, or credits what could not be paid: nobody's refusal stops anybody else.
    function _send(address to, uint256 amount) internal {
        if (amount == 0 || IERC20(asset()).trySafeTransfer(to, amount)) return;
        if (gasleft() < GAS_FLOOR) revert PoolGasTooLow(gasleft());
        claimable[to] += amount;
        emit PaymentCredited(to, amount);
    }

    /// @dev Three digits more than the asset: a first investor cannot round the next one's shares away.
    function _decimalsOffset() internal pure override returns (uint8) {
        return 3;
    }
}
