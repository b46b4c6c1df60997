// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {AccountBook} from "./AccountBook.sol";
import {IAccountBook} from "./interfaces/IAccountBook.sol";
import {IEnergyAccounts} from "./interfaces/IEnergyAccounts.sol";
import {AccountWords} from "./libraries/AccountWords.sol";
import {CurveOrders} from "./libraries/CurveOrders.sol";

/// @title EnergyAccounts
/// @notice The signed market's ledger and the posted-order door.
contract EnergyAccounts is IEnergyAccounts, AccountBook, AccessManaged {
    /// @inheritdoc IEnergyAccounts
    uint256 public immutable GATE_LEAD;
    /// @inheritdoc IEnergyAccounts
    uint256 public immutable WITHDRAWAL_DELAY;
    /// @notice Least energy of a posted order.
    uint256 public immutable MINIMUM_POST_WH;

    uint256 private constant SLOT_SECONDS = 900;
    uint256 private constant POST_HORIZON = 36 hours;
    uint256 private constant WITHDRAWAL_WINDOW = 7 days;
    /// @dev Slots whose queues can exist at once. A place is written again only when its slot is long void.
    uint256 private constant RING = 1024;
    uint256 private constant DAY_SLOTS = 96;
    uint256 private constant DAY_RING = 16;

    struct Withdrawal {
        uint64 amountMicro;
        uint40 announcedAt;
    }

    /// @dev One stretch of time for ever: a key that has ended is not given again.
    struct Session {
        uint40 since;
        uint40 until;
    }

    /// @dev Account 0, which nobody can own: holds what a settlement in several transactions has collected.
    uint32 private constant ESCROW = 0;

    address private _exchange;
    address private _balancing;
    /// @inheritdoc IEnergyAccounts
    address public largeBooks;

    /// @dev By slot mod RING: head of the chain 224 | slot 32. Reused, so that a post costs no new word.
    uint256[RING] private _posts;
    /// @dev By day mod DAY_RING: which slots of the day have posts 96 | day 32. Spares a settlement a read a slot.
    uint256[DAY_RING] private _postDays;
    mapping(uint256 account => mapping(uint16 nonce => uint40 at)) private _retiredAt;
    mapping(uint256 account => mapping(address key => Session)) private _sessions;
    mapping(uint256 account => Withdrawal) private _withdrawals;

    modifier onlyMarket() {
        bool market = msg.sender == _exchange || msg.sender == _balancing || msg.sender == largeBooks;
        if (!market) revert EnergyNotMarket(msg.sender);
        _;
    }

    constructor(
        IERC20 token,
        address manager,
        uint256 gateLead,
        uint256 withdrawalDelay,
        uint256 minimumPostWh
    ) AccountBook(token) AccessManaged(manager) {
        GATE_LEAD = gateLead;
        WITHDRAWAL_DELAY = withdrawalDelay;
        MINIMUM_POST_WH = minimumPostWh;
    }

    // --- read ---

    /// @inheritdoc IEnergyAccounts
    function load(uint256[] calldata accounts) external view returns (uint256[] memory) {
        AccountWords.answer(_accounts, accounts);
    }

    /// @inheritdoc IEnergyAccounts
    function wasNonceValid(uint32 account, uint16 nonce, uint256 gate) external view returns (bool) {
        uint16 current = uint16(_accounts[account] >> NONCE_SHIFT);
        if (nonce > current) return false;
        // It began when the one before was retired.
        if (nonce != 0 && _retiredAt[account][nonce - 1] >= gate) return false;
        return nonce == current || _retiredAt[account][nonce] >= gate;
    }

    /// @inheritdoc IEnergyAccounts
    function wasSessionKey(uint32 account, address key, uint256 gate) external view returns (bool) {
        Session memory session = _sessions[account][key];
        return session.since < gate && session.until > gate;
    }

    /// @inheritdoc IEnergyAccounts
    function sessionKeyOf(uint32 account, address key) external view returns (uint40 since, uint40 until) {
        Session memory session = _sessions[account][key];
        return (session.since, session.until);
    }

    /// @inheritdoc IEnergyAccounts
    function reservedMicro(uint32 account, uint256 gate) external view returns (uint256) {
        Withdrawal memory pending = _withdrawals[account];
        return pending.announcedAt < gate ? pending.amountMicro : 0;
    }

    /// @inheritdoc IEnergyAccounts
    function postsOf(uint32 slot) public view returns (uint256 head) {
        uint256 word = _posts[slot % RING];
        return uint32(word) == slot ? word >> 32 : 0;
    }

    /// @inheritdoc IEnergyAccounts
    function postHeads(uint32 firstSlot, uint256 count) external view returns (uint256[] memory heads) {
        heads = new uint256[](count);
        uint256 day = firstSlot / DAY_SLOTS;
        uint256 word = _postDays[day % DAY_RING];
        if (uint32(word) != day) return heads;
        word >>= 32 + (firstSlot % DAY_SLOTS);
        for (uint256 t = 0; t < count; ++t) if ((word >> t) & 1 == 1) heads[t] = postsOf(firstSlot + uint32(t));
    }

    // --- write ---

    /// @inheritdoc IEnergyAccounts
    function connect(address exchange, address largeBooks_, address balancing) external restricted {
        if (_exchange != address(0)) revert EnergyConnection(true);
        _exchange = exchange;
        largeBooks = largeBooks_;
        _balancing = balancing;
        emit MarketsConnected(exchange, largeBooks_, balancing);
    }

    /// @inheritdoc IEnergyAccounts
    function register(address owner, uint8 zone, uint8 flags) external restricted returns (uint32 account) {
        return _register(owner, zone, flags);
    }

    /// @inheritdoc IAccountBook
    function deposit(uint32 account, uint256 amountMicro) public override(AccountBook, IAccountBook) {
        if (_exchange == address(0)) revert EnergyConnection(false);
        if (account == ESCROW) revert EnergyUnknownAccount(account);
        super.deposit(account, amountMicro);
    }

    /// @inheritdoc IEnergyAccounts
    function raiseNonce(uint32 account) external returns (uint16 nonce) {
        uint256 word = _owned(account);
        uint16 retired = uint16(word >> NONCE_SHIFT);
        if (retired == type(uint16).max) revert EnergyNonceExhausted(account);
        _retiredAt[account][retired] = uint40(block.timestamp);
        _accounts[account] = word + (1 << NONCE_SHIFT);
        nonce = retired + 1;
        emit NonceRaised(account, nonce);
    }

    /// @inheritdoc IEnergyAccounts
    function setSessionKey(uint32 account, address key, uint40 until) external {
        _owned(account);
        Session memory session = _sessions[account][key];
        uint40 time = uint40(block.timestamp);
        if (until > session.until) {
            // A key is given to no book that is already closed.
            uint40 end = session.until == 0 ? until : session.until;
            if (end <= time) revert EnergySessionKeyEnded(account, key, end);
            if (session.until == 0) session.since = time;
        } else if (until <= time) {
            // Nor can one be taken back from it.
            until = session.until <= time ? session.until : time + 1;
        }
        session.until = until;
        _sessions[account][key] = session;
        emit SessionKeySet(account, key, until);
    }

    /// @inheritdoc IEnergyAccounts
    function announceWithdrawal(uint32 account, uint64 amountMicro) external {
        uint256 word = _owned(account);
        _withdrawals[account] = Withdrawal(amountMicro, uint40(block.timestamp));
        _accounts[account] = amountMicro == 0 ? word & ~uint256(FLAG_WITHDRAWING) : word | FLAG_WITHDRAWING;
        emit WithdrawalAnnounced(account, amountMicro, block.timestamp + WITHDRAWAL_DELAY);
    }

    /// @inheritdoc IEnergyAccounts
    function withdraw(uint32 account) external nonReentrant {
        Withdrawal memory pending = _withdrawals[account];
        uint256 payableAt = pending.announcedAt + WITHDRAWAL_DELAY;
        bool due = block.timestamp >= payableAt && block.timestamp < payableAt + WITHDRAWAL_WINDOW;
        if (pending.amountMicro == 0 || !due) revert EnergyWithdrawalNotPayable(account, payableAt);
        delete _withdrawals[account];
        _accounts[account] &= ~uint256(FLAG_WITHDRAWING);
        _pay(account, pending.amountMicro);
    }

    /// @inheritdoc IEnergyAccounts
    function post(uint32 slot, uint32 account, uint48 step) external {
        uint256 closesAt = uint256(slot) * SLOT_SECONDS - GATE_LEAD;
        if (block.timestamp >= closesAt || block.timestamp + POST_HORIZON < closesAt)
            revert EnergyPostWindow(slot, closesAt - POST_HORIZON, closesAt);
        uint256 energyWh = step & 0x7fffffff;
        if (energyWh < MINIMUM_POST_WH || energyWh == 0) revert EnergyPostTooSmall(energyWh, MINIMUM_POST_WH);
        if (_worstCase(step) > uint64(_owned(account) >> BALANCE_SHIFT)) revert EnergyUncovered(account);
        uint256 head = _posts[slot % RING];
        if (uint32(head) != slot) {
            head = 0;
            _markPosted(slot);
        }
        _posts[slot % RING] = (CurveOrders.chain(head >> 32, account, step) << 32) | slot;
        emit OrderPosted(slot, account, step);
    }

    /// @inheritdoc IEnergyAccounts
    function move(
        uint256[] calldata entries,
        uint32 residual,
        bool upTo
    ) external onlyMarket returns (int256 residualMicro) {
        unchecked {
            for (uint256 i = 0; i < entries.length; ++i) {
                int256 sum;
                (i, sum) = AccountWords.change(_accounts, entries, i);
                residualMicro -= sum;
                if (i < entries.length)
                    residualMicro -= _change(uint32(entries[i] >> 224), int256(entries[i] << 32) >> 32, upTo);
            }
        }
        if (residualMicro < 0 && !upTo && residual != ESCROW) revert EnergyUnbalanced(residualMicro);
        if (residualMicro != 0) _change(residual, residualMicro, false);
    }

    // --- internal ---

    function _markPosted(uint256 slot) private {
        uint256 day = slot / DAY_SLOTS;
        uint256 word = _postDays[day % DAY_RING];
        if (uint32(word) != day) word = day;
        _postDays[day % DAY_RING] = word | (1 << (32 + (slot % DAY_SLOTS)));
    }

    /// @dev Applies a change and returns what of it could be applied.
    function _change(uint32 account, int256 change, bool upTo) private returns (int256) {
        uint256 word = _accounts[account];
        if (change > 0) {
            if (word == 0 && account != ESCROW) revert EnergyUnknownAccount(account);
            _accounts[account] = _credited(account, word, uint256(change));
            return change;
        }
        uint256 due = uint256(-change);
        uint256 balance = uint64(word >> BALANCE_SHIFT);
        if (upTo && due > balance) {
            emit ShortfallBorne(account, due - balance);
            due = balance;
        }
        _accounts[account] = _debited(account, word, due);
        return -int256(due);
    }

    /// @dev The most an order can cost: a bid at a positive limit, an offer at a negative one.
    function _worstCase(uint48 step) private pure returns (uint256) {
        int256 tick = int256(uint256(step >> 32) & 0x7fff) - 16384;
        if (step >> 47 == 1) tick = -tick;
        return tick > 0 ? uint256(tick) * (step & 0x7fffffff) : 0;
    }
}
